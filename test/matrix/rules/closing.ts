import { expect } from 'vitest'
import { bench, expectConnections, startSlowInsert, whose } from '../bench.ts'
import type { Rule } from '../rules.ts'

export function closingRules(rule: Rule): void {
  rule(
    'D1, D3: open transactions finish on $disconnect, and afterwards the server has no connection left',
    ['transactions', 'reopen', 'see connections go'],
    async (server) => {
      const names = ['a', 'b']
      const { prisma, databases } = await bench(server, names)
      const states = () => prisma.$branches.stats().map(({ state, inFlight }) => `${state} ${inFlight}`)
      let finish = () => {}
      const closing = new Promise<void>((resolve) => {
        finish = resolve
      })
      const transactions = names.map((name) =>
        prisma.$branch(name).$transaction(async (tx) => {
          await tx.user.create({ data: { email: 'first@example.com' } })
          await closing
          await tx.user.create({ data: { email: 'second@example.com' } })
        }),
      )
      await expect.poll(states).toEqual(['live 1', 'live 1'])
      const disconnected = prisma.$disconnect()
      await expect.poll(states).toEqual(['draining 1', 'draining 1'])
      finish()
      await Promise.all(transactions)
      await disconnected
      expect(prisma.$branches.stats()).toEqual([])
      await expectConnections(databases, 0)
      for (const name of names) {
        const expected = [`${name}@example.com`, 'first@example.com', 'second@example.com']
        expect(await databases.emails(name)).toEqual(expected)
      }
    },
  )

  rule(
    'D1, D3: a statement that outlives drainTimeout is reported, and leaves no connection once the server has ended it',
    ['cut connections'],
    async (server) => {
      const work = await bench(server, ['a'], { drainTimeout: 100, closeTimeout: 100 })
      const { prisma, databases, times } = work
      expect(await whose(prisma.$branch('a'))).toBe('a')
      const { outcome } = await startSlowInsert(work, 'a', 'slow@example.com')
      await prisma.$branches.close('a')
      expect([times('drainTimedOut a'), prisma.$branches.stats()]).toEqual([1, []])
      await databases.cut()
      expect(await outcome).toBeInstanceOf(Error)
      await expectConnections(databases, 0)
    },
  )
}
