import { expect } from 'vitest'
import { bench, whose } from '../bench.ts'
import type { Rule } from '../rules.ts'

export function branchRules(rule: Rule): void {
  rule('B1: 40 callers who find a branch cold share one client and one pool', [], async (server) => {
    const { prisma, made, times } = await bench(server, ['a'])
    const callers = Array.from({ length: 40 }, (_, i) =>
      i % 2 === 0 ? whose(prisma.$branch('a')) : prisma.$withBranch('a', () => whose(prisma)),
    )
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['a']))
    expect([made, times('opened a')]).toEqual([['a'], 1])
  })

  rule('B1: so do 40 callers who find its client there and its pool closed', ['reopen'], async (server) => {
    const { prisma, made, times } = await bench(server, ['a'])
    expect(await whose(prisma.$branch('a'))).toBe('a')
    await prisma.$branch('a').$disconnect()
    expect(prisma.$branches.stats()).toEqual([])
    const callers = Array.from({ length: 40 }, () => whose(prisma.$branch('a')))
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['a']))
    expect([made, times('opened a')]).toEqual([['a'], 2])
  })

  rule(
    'B2: a branch that is asked for before it exists is an error, and works once it does',
    ['reopen'],
    async (server) => {
      const { prisma, databases } = await bench(server, [])
      await expect(whose(prisma.$branch('late'))).rejects.toThrow()
      await prisma.$branches.close('late')
      await databases.create('late')
      expect(await whose(prisma.$branch('late'))).toBe('late')
    },
  )

  rule(
    "B4: a dropped branch is an error for model queries and raw SQL, and never the main branch's rows",
    ['reopen'],
    async (server) => {
      const { prisma, databases, select } = await bench(server, ['gone', 'kept'])
      for (const name of ['gone', 'kept']) expect(await prisma.$withBranch(name, () => whose(prisma))).toBe(name)
      await prisma.$branches.close('gone')
      await databases.drop('gone')
      await prisma.$withBranch('gone', async () => {
        // Side by side: some databases take seconds to say so.
        await Promise.all([
          expect(prisma.user.findMany()).rejects.toThrow(),
          expect(prisma.$queryRawUnsafe(select)).rejects.toThrow(),
          expect(prisma.$executeRawUnsafe(`DELETE FROM ${server.quote('User')}`)).rejects.toThrow(),
          expect(prisma.$transaction((tx) => tx.user.deleteMany())).rejects.toThrow(),
        ])
      })
      expect([await whose(prisma), await prisma.$withBranch('kept', () => whose(prisma))]).toEqual(['main', 'kept'])
      expect(await databases.emails('main')).toEqual(['main@example.com'])
    },
  )

  rule('B4: so is one that is dropped while it is in use', ['reopen', 'drop in use'], async (server) => {
    const { prisma, databases, select } = await bench(server, ['gone'])
    await prisma.$withBranch('gone', async () => {
      expect(await whose(prisma)).toBe('gone')
      await databases.drop('gone')
      await Promise.all([
        expect(prisma.user.findMany()).rejects.toThrow(),
        expect(prisma.$queryRawUnsafe(select)).rejects.toThrow(),
        expect(prisma.$transaction((tx) => tx.user.findMany())).rejects.toThrow(),
      ])
    })
    expect(await whose(prisma)).toBe('main')
  })

  rule(
    'B7: units of work side by side see their own branch only, in model queries, raw SQL and transactions',
    ['transactions'],
    async (server) => {
      const names = ['a', 'b', 'c', 'd']
      const { prisma, databases, select } = await bench(server, names)
      const unit = (name: string) =>
        prisma.$withBranch(name, async () => {
          for (let round = 0; round < 5; round++) {
            const email = `${name}-${round}@example.com`
            await prisma.$transaction(async (tx) => {
              await tx.user.create({ data: { email } })
              expect(await whose(tx)).toBe(name)
            })
            await prisma.$transaction([prisma.user.count(), prisma.user.update({ where: { email }, data: { name } })])
            const rows = (await prisma.$queryRawUnsafe(select)) as { email: string }[]
            expect(rows.filter((row) => !row.email.startsWith(name))).toEqual([])
          }
        })
      await Promise.all([
        ...names.map(unit),
        ...Array.from({ length: 20 }, async () => expect(await whose(prisma)).toBe('main')),
      ])
      for (const name of names) {
        const rounds = [0, 1, 2, 3, 4].map((round) => `${name}-${round}@example.com`)
        expect(await databases.emails(name)).toEqual([`${name}@example.com`, ...rounds])
      }
    },
  )

  rule('B9: a batch of two branches is rejected, and nothing is written', [], async (server) => {
    const { prisma } = await bench(server, ['a', 'b'])
    const [a, b] = [prisma.$branch('a'), prisma.$branch('b')]
    const batch = [
      a.user.create({ data: { email: 'x@example.com' } }),
      b.user.create({ data: { email: 'x@example.com' } }),
    ]
    await expect(a.$transaction(batch)).rejects.toMatchObject({ code: 'BRANCH_MIXED_TRANSACTION' })
    expect([await a.user.count(), await b.user.count(), await prisma.user.count()]).toEqual([1, 1, 1])
  })
}
