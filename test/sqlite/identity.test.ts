import { mkdirSync } from 'node:fs'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { expect, it } from 'vitest'
import { sqliteBranches, whose } from '../kit/sqlite-branches.ts'

it('I1: spellings of one SQLite file share its pool, as one file has one writer', async () => {
  const { prisma, directory } = await sqliteBranches({
    url: (name) => ({ one: 'file:./a.db', two: 'file:a.db', three: `file://${directory}/b/../a.db` })[name],
  })
  const before = process.cwd()
  mkdirSync(`${directory}/b`)
  process.chdir(directory)
  try {
    await prisma.$branch('one').$transaction(async (tx) => {
      await tx.user.create({ data: { email: 'x@example.com' } })
    })
    expect(await whose(prisma.$branch('two'))).toBe('a')
    expect(await prisma.$branch('three').user.count()).toBe(2)
    expect(prisma.$branches.stats().map(({ url }) => url)).toEqual(['file:./a.db'])
  } finally {
    process.chdir(before)
  }
})

it('I1: two URLs that only an unknown driver could tell apart have a pool each', async () => {
  const { prisma, urls } = await sqliteBranches({
    url: (name) => ({ upper: 'd1://Acme', lower: 'd1://acme' })[name],
    adapter: (url) => new PrismaLibSql({ url: urls.get(url === 'd1://Acme' ? 'a' : 'b') as string }),
  })
  expect(await whose(prisma.$branch('upper'))).toBe('a')
  expect(await whose(prisma.$branch('lower'))).toBe('b')
})
