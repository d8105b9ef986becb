import { expect } from 'vitest'
import { bench, startSlowInsert, whose } from '../bench.ts'
import type { Rule } from '../rules.ts'

export function healthRules(rule: Rule): void {
  rule(
    'H1, H2, H3: a new pool is not probed; a reused one once in a unit of work, however many statements start there',
    [],
    async (server) => {
      const { prisma, times } = await bench(server, ['a'], { healthChecks: true, probeInterval: 0 })
      await prisma.$withBranch('a', () => whose(prisma))
      const probesOfNew = times('probed a')
      await prisma.$withBranch('a', () => undefined)
      const probesOfUnused = times('probed a')
      await prisma.$withBranch('a', async () => {
        await Promise.all(Array.from({ length: 20 }, () => whose(prisma)))
        await whose(prisma)
      })
      // A database in memory has no connection that could break (rule D4).
      const permanent = prisma.$branches.stats().every(({ lastProbe }) => lastProbe === null)
      expect([probesOfNew, probesOfUnused, times('probed a')]).toEqual(permanent ? [0, 0, 0] : [0, 0, 1])
    },
  )

  rule(
    'H4: with health checks, a unit of work after all connections were cut sees no error, and writes exactly once',
    ['cut connections'],
    async (server) => {
      const { prisma, databases } = await bench(server, ['a'], { healthChecks: true, probeInterval: 0 })
      await prisma.$withBranch('a', () => whose(prisma))
      for (let i = 0; i < 4; i++) {
        await databases.cut()
        await prisma.$withBranch('a', () => prisma.user.create({ data: { email: `${i}-statement@example.com` } }))
        await databases.cut()
        await prisma.$withBranch('a', () =>
          prisma.$transaction((tx) => tx.user.create({ data: { email: `${i}-transaction@example.com` } })),
        )
      }
      const expected = [0, 1, 2, 3].flatMap((i) => [`${i}-statement@example.com`, `${i}-transaction@example.com`])
      expect(await databases.emails('a')).toEqual(['a@example.com', ...expected])
    },
  )

  rule(
    'H6, H7: a connection cut under a statement fails it, and it is not repeated; the next use probes first, and works',
    ['cut connections'],
    async (server) => {
      const work = await bench(server, ['a'])
      const { prisma, databases, times } = work
      const a = prisma.$branch('a')
      expect(await whose(a)).toBe('a')
      const { outcome } = await startSlowInsert(work, 'a', 'slow@example.com')
      await databases.cut()
      expect(await outcome).toMatchObject({ code: expect.stringMatching(/^P\d{4}$/) })
      expect(prisma.$branches.stats()).toMatchObject([{ suspect: true, inFlight: 0 }])
      expect([times('probed a'), await databases.slowInserts()]).toEqual([0, 0])
      expect(await whose(a)).toBe('a')
      expect(times('probed a')).toBe(1)
      expect(await databases.emails('a')).toEqual(['a@example.com'])
    },
  )

  rule(
    'H6: a transaction whose connection is cut fails and writes nothing; the pool is suspect, and nothing is in flight',
    ['cut connections'],
    async (server) => {
      const { prisma, databases } = await bench(server, ['a'])
      const attempt = prisma.$branch('a').$transaction(async (tx) => {
        await tx.user.create({ data: { email: 'lost@example.com' } })
        await databases.cut()
        await tx.user.create({ data: { email: 'never@example.com' } })
      })
      await expect(attempt).rejects.toThrow()
      expect(prisma.$branches.stats()).toMatchObject([{ inFlight: 0, suspect: true }])
      expect(await prisma.$branch('a').user.count()).toBe(1)
      expect(await databases.emails('a')).toEqual(['a@example.com'])
    },
  )

  rule('H7: errors of a statement do not make a pool suspect', [], async (server) => {
    const { prisma } = await bench(server, ['a'])
    const a = prisma.$branch('a')
    await expect(a.user.create({ data: { email: 'a@example.com' } })).rejects.toMatchObject({ code: 'P2002' })
    await expect(a.post.create({ data: { title: 'x', authorId: 99 } })).rejects.toMatchObject({ code: 'P2003' })
    await expect(a.$queryRawUnsafe('SELECT nonsense FROM nowhere')).rejects.toMatchObject({ code: 'P2010' })
    await expect(a.$queryRawUnsafe('nonsense')).rejects.toMatchObject({ code: 'P2010' })
    expect(prisma.$branches.stats()).toMatchObject([{ suspect: false, inFlight: 0, state: 'live' }])
  })

  rule('H8: an obsolete pool is replaced without a probe', ['reopen'], async (server) => {
    const options = { healthChecks: true, probeInterval: 0, maxAge: 60, maxAgeJitter: 0 }
    const { prisma, times } = await bench(server, ['a'], options)
    // The branch's client connects once on its own; after that, a statement opens one pool.
    for (let turn = 0; turn < 4; turn++) {
      const opened = times('opened a')
      expect(await prisma.$withBranch('a', () => whose(prisma))).toBe('a')
      if (turn > 0) expect(times('opened a')).toBe(opened + 1)
      await expect.poll(() => prisma.$branches.stats()).toEqual([])
    }
    expect(times('probed a')).toBe(0)
  })
}
