import { expect } from 'vitest'
import { bench, expectConnections, whose } from '../bench.ts'
import type { Rule } from '../rules.ts'
import { WORK, type Work } from '../work.ts'

const WORKERS = 6
const ROUNDS = 30
const BRANCHES = ['a', 'b', 'c']

export function ageRules(rule: Rule): void {
  rule(
    'A3, A5: mixed work while pools are swapped every 50 ms: nothing fails, and every write is there exactly once',
    ['reopen', 'transactions'],
    async (server) => {
      const { prisma, databases, times } = await bench(server, BRANCHES, { maxAge: 50, healthChecks: true })
      const failures: unknown[] = []
      const written = new Map<string, string[]>(BRANCHES.map((name) => [name, [`${name}@example.com`]]))
      const swapped = () => BRANCHES.every((name) => times(`opened ${name}`) > 1)
      const worker = async (id: number) => {
        for (let round = 0; round < ROUNDS || !swapped(); round++) {
          const name = BRANCHES[(id + round) % BRANCHES.length] as string
          const work = WORK[(id + round) % WORK.length] as Work
          try {
            const emails = await (round % 2 === 0
              ? prisma.$withBranch(name, () => work(prisma, `${id}-${round}`, server))
              : work(prisma.$branch(name), `${id}-${round}`, server))
            written.get(name)?.push(...emails)
          } catch (error) {
            failures.push(error)
          }
        }
      }
      await Promise.all(Array.from({ length: WORKERS }, (_, id) => worker(id)))
      expect(failures).toEqual([])
      for (const name of BRANCHES) {
        expect((await databases.emails(name)).sort()).toEqual(written.get(name)?.sort())
        expect(times(`drainTimedOut ${name}`) + times(`closeFailed ${name}`)).toBe(0)
      }
    },
  )

  rule(
    'A4: the connections of a branch that nobody uses any more are gone at max-age, without any traffic',
    ['reopen', 'see connections go'],
    async (server) => {
      const { prisma, databases, times } = await bench(server, ['a'], { maxAge: 300 })
      expect(await whose(prisma.$branch('a'))).toBe('a')
      expect(times('opened a')).toBeGreaterThan(0)
      await expectConnections(databases, 0)
      expect(prisma.$branches.stats()).toEqual([])
    },
  )

  rule(
    'A5: a transaction that is open at max-age finishes on its pool, while others are served by the next',
    ['reopen', 'transactions', 'two pools at once'],
    async (server) => {
      const { prisma, databases, times } = await bench(server, ['a'], { maxAge: 200, maxAgeJitter: 0 })
      const a = prisma.$branch('a')
      await a.$transaction(async (tx) => {
        await tx.user.create({ data: { email: 'first@example.com' } })
        await expect.poll(() => prisma.$branches.stats()[0]?.age).toBeGreaterThanOrEqual(200)
        const opened = times('opened a')
        // Whoever comes is served by the next pool, and does not see what is not committed.
        expect(await a.user.count()).toBe(1)
        expect(times('opened a')).toBe(opened + 1)
        expect(prisma.$branches.stats()).toContainEqual(expect.objectContaining({ state: 'draining', inFlight: 1 }))
        await tx.user.create({ data: { email: 'second@example.com' } })
      })
      expect(await databases.emails('a')).toEqual(['a@example.com', 'first@example.com', 'second@example.com'])
    },
  )

  rule(
    'A9: at max-age 0 one pool serves a unit of work, and its connections are gone when that ends',
    ['reopen', 'see connections go'],
    async (server) => {
      const { prisma, databases, times } = await bench(server, ['a'], { maxAge: 0 })
      await prisma.$withBranch('a', async () => {
        for (let i = 0; i < 5; i++) expect(await whose(prisma)).toBe('a')
        expect(await databases.connections()).toBeGreaterThan(0)
      })
      expect(times('opened a')).toBe(1)
      await expectConnections(databases, 0)
    },
  )
}
