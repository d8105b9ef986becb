import { inspect } from 'node:util'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { describe, expect, it } from 'vitest'
import { PrismaClient } from '../../generated/sqlite/client.ts'
import { branchesWith } from '../../src/extension/branches.ts'
import { branches } from '../../src/index.ts'
import { systemClock } from '../../src/pools/clock.ts'
import { CountingClock } from '../faults/counting-clock.ts'
import { temporaryDirectory } from '../kit/pool-bench.ts'
import { sqliteBranches, sqliteFile, whose } from '../kit/sqlite-branches.ts'

describe('branch clients', () => {
  it('B1: one client per URL, however many callers arrive at once, under however many names', async () => {
    const { prisma, urls, made } = await sqliteBranches()
    urls.set('alias', `${urls.get('a')}`)
    const seen = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        prisma.$withBranch(i % 2 === 0 ? 'a' : 'alias', () =>
          i % 3 === 0 ? whose(prisma) : whose(prisma.$branch('a')),
        ),
      ),
    )
    expect(new Set(seen)).toEqual(new Set(['a']))
    expect(made).toEqual(['a'])
    expect(prisma.$branches.stats()).toMatchObject([{ branch: 'a', state: 'live' }])
  })

  it('B5: an unknown branch is a typed error, and ten thousand random names leave nothing behind', async () => {
    const clock = new CountingClock(systemClock)
    const { prisma, made } = await sqliteBranches({}, clock)
    for (let i = 0; i < 10_000; i++) {
      const name = `random-${Math.random()}`
      expect(() => prisma.$branch(name)).toThrow(expect.objectContaining({ code: 'BRANCH_UNKNOWN', branch: name }))
    }
    const units = Array.from({ length: 1_000 }, (_, i) => prisma.$withBranch(`random-${i}`, () => whose(prisma)))
    for (const result of await Promise.allSettled(units)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'UnknownBranchError' } })
    }
    expect(made).toEqual([])
    expect(prisma.$branches.stats()).toEqual([])
    expect(clock.timers).toBe(0)
    expect(await whose(prisma.$branch('a'))).toBe('a')
  })

  it('B5: neither do names that have a URL, as long as nothing is done on them', async () => {
    const { prisma, made } = await sqliteBranches({ url: (name) => `file:/nowhere/${name}.db` })
    for (let i = 0; i < 1_000; i++) await prisma.$withBranch(`b${i}`, () => undefined)
    expect(made).toEqual([])
    expect(prisma.$branches.stats()).toEqual([])
  })

  it('B5: an error of the url option is the cause', async () => {
    const broken = new Error('registry is down')
    const { prisma } = await sqliteBranches({
      url: () => {
        throw broken
      },
    })
    expect(() => prisma.$branch('a')).toThrow(expect.objectContaining({ name: 'UnknownBranchError', cause: broken }))
  })

  it('keeps the clients used last, and no more than maxClients', async () => {
    const { prisma, made } = await sqliteBranches({ maxClients: 2, maxAge: 0 })
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) {
      await prisma.$withBranch(name, () => whose(prisma))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(made).toEqual(['a', 'b', 'c', 'b'])
  })

  it('lets go of those it could not let go of while they were at work, as soon as their pools are closed', async () => {
    const { prisma, made } = await sqliteBranches({ keepClients: 1, maxAge: 0 })
    await Promise.all(['a', 'b', 'c'].map((name) => prisma.$withBranch(name, () => whose(prisma))))
    await expect.poll(() => prisma.$branches.stats()).toEqual([])
    // The one that came last was kept, and the others are made anew.
    for (const name of ['c', 'a']) await prisma.$withBranch(name, () => whose(prisma))
    expect(made).toEqual(['a', 'b', 'c', 'a'])
  })

  it('a client kept in a variable goes on working when its pool, and even its place in the cache, are gone', async () => {
    const { prisma } = await sqliteBranches({ maxClients: 1 })
    const kept = prisma.$branch('a')
    const { user } = kept
    expect(await whose(kept)).toBe('a')
    for (const name of ['b', 'c']) await whose(prisma.$branch(name))
    expect([await whose(kept), (await user.findFirst())?.email]).toEqual(['a', 'a@example.com'])
    expect(prisma.$branches.stats()).toMatchObject([{ branch: 'a' }])
  })
})

describe('the client option', () => {
  it('may give branch clients extensions of their own', async () => {
    const { prisma } = await sqliteBranches({
      client: (adapter) =>
        new PrismaClient({ adapter }).$extends({
          client: { $hello: () => 'hello' },
          model: { user: { hello: async () => 'user' } },
          result: { user: { name: { needs: { email: true }, compute: ({ email }) => `<${email}>` } } },
        }),
    })
    const a = prisma.$branch('a') as unknown as { $hello(): string; user: { hello(): Promise<string> } }
    expect([a.$hello(), await a.user.hello()]).toEqual(['hello', 'user'])
    expect(await prisma.$withBranch('b', () => prisma.user.findFirstOrThrow())).toMatchObject({
      name: '<b@example.com>',
    })
    expect(await prisma.user.findFirstOrThrow()).toMatchObject({ name: null })
  })
})

describe('bad input', () => {
  it.each([
    ['', 'an empty string'],
    [null, 'null'],
    [42, '42'],
    [{}, 'an object'],
  ])('$branch(%o) is a typed error', async (name, shown) => {
    const { prisma } = await sqliteBranches()
    expect(() => prisma.$branch(name as string)).toThrow(`must be a string that is not empty, got ${shown}`)
    expect(() => prisma.$branch(name as string)).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_NAME' }))
  })

  it('$withBranch without a function is a typed error', async () => {
    const { prisma } = await sqliteBranches()
    for (const work of [undefined, 'work', prisma.user.findMany()]) {
      await expect(prisma.$withBranch('a', work as never)).rejects.toMatchObject({ code: 'BRANCH_INVALID_CALLBACK' })
    }
    await expect(prisma.$withBranch('', async () => {})).rejects.toMatchObject({ code: 'BRANCH_INVALID_NAME' })
  })

  it('a URL that does not parse is a typed error, before anything is opened, and is not shown', async () => {
    const { prisma, made } = await sqliteBranches({ url: () => 'postgresql:u:hunter2@nowhere' })
    expect(() => prisma.$branch('a')).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_URL' }))
    expect(() => prisma.$branch('a')).not.toThrow('hunter2')
    expect(made).toEqual([])
  })

  it.each([
    ['adapter', () => Promise.reject(new Error('hunter2'))],
    ['adapter', () => ({ url: 'hunter2' })],
    ['adapter', () => undefined],
    ['client', () => ({})],
    ['client', () => null],
    [
      'adapter',
      (url: string) => {
        throw new Error(`cannot use ${url}`)
      },
    ],
    [
      'client',
      () => {
        throw new Error('no')
      },
    ],
  ])('an %s option that fails is a typed error, and harms no other branch', async (option, broken) => {
    const { prisma, urls } = await sqliteBranches()
    urls.set('broken', 'libsql://user:hunter2@nowhere')
    let calls = 0
    const picky = new PrismaClient({ adapter: new PrismaLibSql({ url: ':memory:' }) }).$extends(
      branchesWith(
        {
          url: (name: string) => urls.get(name),
          adapter: (url: string) => new PrismaLibSql({ url }),
          client: (adapter: never) => new PrismaClient({ adapter }),
          [option]: (argument: string) => {
            // The first branch that is asked for is the broken one.
            if (calls++ === 0) return (broken as (argument: string) => unknown)(argument)
            return option === 'adapter'
              ? new PrismaLibSql({ url: argument })
              : new PrismaClient({ adapter: argument as never })
          },
        } as never,
        {},
        systemClock,
      ),
    ) as unknown as typeof prisma
    const failing = picky.$withBranch('broken', () => whose(picky)).catch((error: unknown) => error)
    expect(await failing).toMatchObject({ name: 'BranchFactoryError', code: 'BRANCH_FACTORY_FAILED' })
    expect(inspect(await failing, { depth: 9 })).not.toContain('hunter2@')
    expect(picky.$branches.stats()).toEqual([])
    expect(await whose(picky.$branch('a'))).toBe('a')
    await picky.$disconnect()
  })

  it('a client option that returns a client that is taken is a typed error: branches would read its rows', async () => {
    const shared = new PrismaClient({ adapter: new PrismaLibSql({ url: ':memory:' }) })
    const { prisma } = await sqliteBranches({ client: () => shared })
    prisma.$branch('a')
    expect(() => prisma.$branch('b')).toThrow(expect.objectContaining({ code: 'BRANCH_FACTORY_FAILED' }))
  })
})

describe('environment', () => {
  it('DATABASE_BRANCH_URL is a template, and every setting comes from the environment', async () => {
    const directory = temporaryDirectory()
    await sqliteFile(directory, 'feature-1')
    const environment = {
      DATABASE_BRANCH_URL: `file:${directory}/{branch}.db`,
      DB_CONN_MAX_AGE: 'none',
      DB_CONN_MAX_CLIENTS: '1',
    }
    const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: ':memory:' }) }).$extends(
      branchesWith(
        { adapter: (url) => new PrismaLibSql({ url }), client: (adapter) => new PrismaClient({ adapter }) },
        environment,
        systemClock,
      ),
    )
    expect(await whose(prisma.$branch('feature-1'))).toBe('feature-1')
    expect(() => prisma.$branch('../feature-1')).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_NAME' }))
    await prisma.$disconnect()
  })

  it('is read when branches() is called, from process.env', () => {
    process.env.DB_CONN_HEALTH_CHECKS = 'maybe'
    try {
      expect(() => branches({ url: 'file:{branch}', adapter: () => null as never, client: () => ({}) })).toThrow(
        'DB_CONN_HEALTH_CHECKS must be true or false',
      )
    } finally {
      delete process.env.DB_CONN_HEALTH_CHECKS
    }
  })
})
