import { PrismaPg } from '@prisma/adapter-pg'
import { describe, expect, it } from 'vitest'
import { schemaUrl } from '../../src/postgres.ts'
import { dropBranch } from '../kit/branches.ts'
import { connectionsSettle, postgresBranches, whose } from './kit.ts'

// The three cases that netbox-branching's fix of its issue 358 is tested by, at max-age 0 as there.
describe('connections to branches found at run time are closed when the request ends', () => {
  it('A9, D3: one branch', async () => {
    const { prisma, database } = await postgresBranches(['one'], { maxAge: 0 })
    await prisma.$withBranch('one', async () => {
      expect(await whose(prisma)).toBe('one')
      expect(await database.connections()).toBe(1)
    })
    expect(await connectionsSettle(database, 0)).toBe(0)
  })

  it('A9, D3: several branches', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `several_${i}`)
    const { prisma, database } = await postgresBranches(names, { maxAge: 0 })
    // One request that visits them all, and one request for each.
    await prisma.$withBranch(undefined, async () => {
      for (const name of names) expect(await whose(prisma.$branch(name))).toBe(name)
      expect(await database.connections()).toBe(names.length)
    })
    expect(await connectionsSettle(database, 0)).toBe(0)
    await Promise.all(names.map((name) => prisma.$withBranch(name, async () => expect(await whose(prisma)).toBe(name))))
    expect(await connectionsSettle(database, 0)).toBe(0)
  })

  it("B4: a deleted branch is an error, and never the main branch's rows; its connections are closed", async () => {
    const { prisma, database } = await postgresBranches(['gone', 'kept'], { maxAge: 60_000 })
    await prisma.$withBranch('gone', () => whose(prisma))
    await prisma.$withBranch('kept', () => whose(prisma))
    await prisma.$branches.close('gone')
    expect(await connectionsSettle(database, 1)).toBe(1)
    await dropBranch(database, 'gone')

    await prisma.$withBranch('gone', async () => {
      await expect(prisma.user.findMany()).rejects.toMatchObject({ code: 'P2021' })
      await expect(prisma.$queryRaw`SELECT email FROM "User"`).rejects.toThrow('relation "User" does not exist')
      await expect(prisma.$executeRaw`DELETE FROM "User"`).rejects.toThrow('relation "User" does not exist')
    })
    expect(await whose(prisma)).toBe('main')
    expect(await prisma.$withBranch('kept', () => whose(prisma))).toBe('kept')
  })

  it("B4: an adapter that ignores the schema of its URL is an error, and never the main branch's rows", async () => {
    const { prisma, database } = await postgresBranches(['ignored'], {
      url: (name) => schemaUrl(database.url, `branch_${name}`),
      adapter: (url) => new PrismaPg({ connectionString: url }),
    })
    const error: unknown = await prisma.$withBranch('ignored', () => prisma.user.findMany()).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'BRANCH_FACTORY_FAILED' })
    expect(String(error)).toContain('names the schema "branch_ignored", but its adapter uses "public"')
    expect(await database.connections()).toBe(0)
    expect(prisma.$branches.stats()).toEqual([])
  })

  it('B4: a branch that is dropped while it is in use fails, and reads nothing else', async () => {
    const { prisma, database } = await postgresBranches(['dropped'], { maxAge: 60_000 })
    await prisma.$withBranch('dropped', async () => {
      await whose(prisma)
      await dropBranch(database, 'dropped')
      await expect(prisma.user.findMany()).rejects.toMatchObject({ code: 'P2021' })
      await expect(prisma.$transaction((tx) => tx.$queryRaw`SELECT email FROM "User"`)).rejects.toThrow(
        'does not exist',
      )
    })
  })
})
