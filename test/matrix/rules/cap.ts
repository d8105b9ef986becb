import { expect } from 'vitest'
import { bench, mostConnections, whose } from '../bench.ts'
import type { Rule } from '../rules.ts'

const MAX_CLIENTS = 3

export function capRules(rule: Rule): void {
  rule(
    'C1, C2: 12 branches through 3 clients: all are served, and the server never sees more than 3 pools of connections',
    ['reopen', 'count connections'],
    async (server) => {
      const names = Array.from({ length: 12 }, (_, i) => `b${i}`)
      const { prisma, databases } = await bench(server, names, { maxClients: MAX_CLIENTS })
      const visits = Array.from({ length: 96 }, (_, i) => names[(i * 7) % names.length] as string).values()
      const worker = async () => {
        for (const name of visits) expect(await prisma.$withBranch(name, () => whose(prisma))).toBe(name)
      }
      const most = await mostConnections(databases, () => Promise.all(Array.from({ length: 12 }, worker)))
      expect(most).toBeGreaterThan(0)
      expect(most).toBeLessThanOrEqual(MAX_CLIENTS * server.poolSize)
      expect(prisma.$branches.stats().length).toBeLessThanOrEqual(MAX_CLIENTS)
    },
  )

  rule(
    'C2, C3: a caller who finds no room gets an error that names the setting, and leaves no place taken',
    ['transactions', 'reopen'],
    async (server) => {
      const { prisma } = await bench(server, ['a', 'b'], { maxClients: 1, acquireTimeout: 100 })
      await prisma.$branch('a').$transaction(async (tx) => {
        await tx.user.count()
        const refused = whose(prisma.$branch('b'))
        await expect(refused).rejects.toMatchObject({ code: 'BRANCH_ACQUIRE_TIMEOUT' })
        await expect(refused).rejects.toThrow('DB_CONN_MAX_CLIENTS')
        expect(await tx.user.count()).toBe(1)
      })
      // The next one has as little time to find room.
      await expect.poll(() => whose(prisma.$branch('b')).catch(({ code }) => code)).toBe('b')
    },
  )
}
