import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { describe, expect, it } from 'vitest'
import { PrismaClient } from '../../generated/sqlite/client.ts'
import type { SqlDriverAdapterFactory } from '../../src/driver/driver-adapter.ts'
import { branches, persistentAdapter } from '../../src/index.ts'
import type { RetireReason } from '../../src/pools/events.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { temporaryDirectory } from '../kit/pool-bench.ts'
import { sqliteBranches, sqliteFile, whose } from '../kit/sqlite-branches.ts'

function reasons(prisma: Awaited<ReturnType<typeof sqliteBranches>>['prisma']): RetireReason[] {
  const seen: RetireReason[] = []
  prisma.$branches.on('retired', ({ reason }) => seen.push(reason))
  return seen
}

describe('$connect, $disconnect and await using', () => {
  it('$disconnect closes every branch, then the main client; all of them reconnect on their next use', async () => {
    const { prisma } = await sqliteBranches()
    const retired = reasons(prisma)
    for (const name of ['a', 'b']) await whose(prisma.$branch(name))
    await Promise.all([prisma.$disconnect(), prisma.$disconnect()])
    expect(retired).toEqual(['shutdown', 'shutdown'])
    expect(prisma.$branches.stats()).toEqual([])
    expect([await whose(prisma), await whose(prisma.$branch('a'))]).toEqual(['main', 'a'])
  })

  it('D3: what comes after $disconnect leaves no pool behind, until $connect', async () => {
    const { prisma } = await sqliteBranches({ maxAge: Infinity })
    await whose(prisma.$branch('a'))
    await prisma.$disconnect()
    await prisma.$withBranch('a', async () => {
      await whose(prisma)
      // One pool serves the late unit of work, as at max-age 0.
      await new Promise((resolve) => setImmediate(resolve))
      expect(prisma.$branches.stats()).toMatchObject([{ branch: 'a', state: 'live' }])
    })
    await expect.poll(() => prisma.$branches.stats()).toEqual([])
    await prisma.$connect()
    await whose(prisma.$branch('a'))
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(prisma.$branches.stats()).toMatchObject([{ branch: 'a', state: 'live' }])
  })

  it('D1: $disconnect lets transactions of branches and of the main client finish', async () => {
    const { prisma } = await sqliteBranches()
    let started = 0
    const work = async (tx: { user: { create(args: object): PromiseLike<unknown> } }) => {
      started++
      await new Promise((resolve) => setTimeout(resolve, 100))
      await tx.user.create({ data: { email: 'late@example.com' } })
    }
    const transactions = [prisma.$transaction(work), prisma.$branch('a').$transaction(work)]
    while (started < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    await prisma.$disconnect()
    await Promise.all(transactions)
    expect([await prisma.user.count(), await prisma.$branch('a').user.count()]).toEqual([2, 2])
  })

  it('a $disconnect in the very microtasks in which a transaction starts fails nothing', async () => {
    const { prisma } = await sqliteBranches()
    const branch = prisma.$branch('a')
    await whose(branch)
    for (let delay = 0; delay < 40; delay++) {
      const transaction = branch.$transaction(async (tx) => {
        await tx.user.create({ data: { email: `${delay}@example.com` } })
      })
      const query = branch.user.count().then(Number)
      for (let i = 0; i < delay; i++) await Promise.resolve()
      const closed = delay % 2 === 0 ? branch.$disconnect() : prisma.$branches.close('a')
      await Promise.all([transaction, query, closed])
    }
    expect(await branch.user.count()).toBe(41)
  })

  it("a branch client's $disconnect closes that branch alone", async () => {
    const { prisma } = await sqliteBranches()
    const retired = reasons(prisma)
    for (const name of ['a', 'b']) await whose(prisma.$branch(name))
    await prisma.$branch('a').$disconnect()
    expect(prisma.$branches.stats()).toMatchObject([{ branch: 'b' }])
    expect(retired).toEqual(['closed'])
  })

  it('$connect opens the pool of a branch, and in a unit of work that of its branch', async () => {
    const { prisma } = await sqliteBranches()
    await prisma.$connect()
    expect(prisma.$branches.stats()).toEqual([])
    await prisma.$branch('a').$connect()
    await prisma.$withBranch('b', () => prisma.$connect())
    expect(prisma.$branches.stats()).toMatchObject([{ branch: 'a' }, { branch: 'b' }])
  })

  it('await using disconnects at the end of the block', async () => {
    const { prisma } = await sqliteBranches()
    {
      await using client = prisma
      await whose(client.$branch('a'))
      expect(client.$branches.stats()).toHaveLength(1)
    }
    expect(prisma.$branches.stats()).toEqual([])
  })
})

describe('$branches', () => {
  it('close(branch) closes it under its name, even if the url option no longer knows it, and is content with none', async () => {
    const { prisma, urls, made } = await sqliteBranches()
    await whose(prisma.$branch('a'))
    await whose(prisma.$branch('b'))
    const url = urls.get('a') as string
    urls.delete('a')
    await prisma.$branches.close('a')
    expect(prisma.$branches.stats()).toMatchObject([{ branch: 'b' }])
    // Its client is let go as well: a branch of that name that comes later is another one.
    urls.set('a', url)
    await whose(prisma.$branch('a'))
    expect(made).toEqual(['a', 'b', 'a'])
    await prisma.$branches.close('a')
    await prisma.$branches.close('never-seen')
  })

  it('close(branch) knows a branch under each of its names', async () => {
    const { prisma, urls } = await sqliteBranches()
    urls.set('alias', urls.get('a') as string)
    await whose(prisma.$branch('a'))
    await prisma.$branches.close('alias')
    expect(prisma.$branches.stats()).toEqual([])
  })

  it('stats() and events are plain data', async () => {
    const clock = new ManualClock()
    const { prisma } = await sqliteBranches({ maxAge: 60_000, maxAgeJitter: 0 }, clock)
    const events: object[] = []
    prisma.$branches.on('opened', (event) => events.push(event))
    const unheard = () => expect.unreachable()
    prisma.$branches.on('opened', unheard).off('opened', unheard)
    await whose(prisma.$branch('a'))
    await clock.advance(1_500)
    const [row] = prisma.$branches.stats()
    expect(row).toEqual({
      branch: 'a',
      url: expect.stringMatching(/^file:.*a\.db$/),
      state: 'live',
      openedAt: '2026-01-01T00:00:00.000Z',
      age: 1_500,
      inFlight: 0,
      suspect: false,
      lastProbe: null,
      retired: null,
    })
    expect(JSON.parse(JSON.stringify(row))).toEqual(row)
    expect(events).toEqual([{ branch: 'a', url: row?.url, took: 0 }])
    await prisma.$branches.closeObsolete()
    expect(prisma.$branches.stats()).toHaveLength(1)
    clock.jump(60_000)
    await prisma.$branches.closeObsolete()
    expect(prisma.$branches.stats()).toEqual([])
  })
})

describe('max-age with a real client', () => {
  it('A9: at max-age 0 nothing is open after a unit of work', async () => {
    const { prisma } = await sqliteBranches({ maxAge: 0 })
    let opened = 0
    prisma.$branches.on('opened', () => opened++)
    await prisma.$withBranch('a', async () => {
      await prisma.user.create({
        data: { email: 'x@example.com', posts: { create: [{ title: '1' }, { title: '2' }] } },
      })
      await prisma.user.findMany({ include: { posts: true } })
      await prisma.$transaction((tx) => tx.post.deleteMany())
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(opened).toBe(1)
    expect(prisma.$branches.stats()).toEqual([])
  })

  it('A5: a writer that comes while the transaction of a retired pool is open waits for it, as on one client', async () => {
    const clock = new ManualClock()
    const { prisma } = await sqliteBranches({ maxAge: 1_000, maxAgeJitter: 0 }, clock)
    const a = prisma.$branch('a')
    let late: Promise<unknown> | undefined
    await a.$transaction(async (tx) => {
      await tx.user.create({ data: { email: 'in-transaction@example.com' } })
      await clock.advance(1_000)
      late = a.user.create({ data: { email: 'late@example.com' } }).then(() => 'written')
      await clock.settle()
      expect(prisma.$branches.stats()).toMatchObject([{ state: 'draining' }, { state: 'opening', inFlight: 1 }])
      await tx.user.create({ data: { email: 'still-in-transaction@example.com' } })
    })
    expect(await late).toBe('written')
    expect(prisma.$branches.stats()).toMatchObject([{ state: 'live' }])
    expect(await a.user.count()).toBe(4)
  })

  it('D4: a branch in memory keeps its data at max-age 0', async () => {
    const { prisma } = await sqliteBranches({ maxAge: 0, url: () => ':memory:' })
    await prisma
      .$branch('a')
      .$executeRawUnsafe('CREATE TABLE "User" ("id" INTEGER PRIMARY KEY, "email" TEXT, "name" TEXT)')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await prisma.$branch('a').user.count()).toBe(0)
  })
})

describe('persistentAdapter', () => {
  it('gives a client without branches a pool that is replaced at max-age, and closed by $disconnect', async () => {
    const url = await sqliteFile(temporaryDirectory(), 'alone')
    const factory = new PrismaLibSql({ url })
    let open = 0
    let opened = 0
    const counting: SqlDriverAdapterFactory = {
      provider: factory.provider,
      adapterName: factory.adapterName,
      async connect() {
        const adapter = await factory.connect()
        const dispose = adapter.dispose.bind(adapter)
        adapter.dispose = async () => {
          open--
          await dispose()
        }
        open++
        opened++
        return adapter
      },
    }
    const prisma = new PrismaClient({ adapter: persistentAdapter(counting, { maxAge: 30, maxAgeJitter: 0 }) })
    for (let i = 0; i < 10; i++) {
      expect(await whose(prisma)).toBe('alone')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(opened).toBeGreaterThan(2)
    expect(open).toBeLessThanOrEqual(2)
    await prisma.$disconnect()
    expect(open).toBe(0)
  })

  it('A9: on the main client, a unit of work keeps one pool at max-age 0', async () => {
    const url = await sqliteFile(temporaryDirectory(), 'alone')
    const factory = new PrismaLibSql({ url })
    let opened = 0
    const counting: SqlDriverAdapterFactory = {
      provider: factory.provider,
      adapterName: factory.adapterName,
      connect() {
        opened++
        return factory.connect()
      },
    }
    const prisma = new PrismaClient({ adapter: persistentAdapter(counting, { maxAge: 0 }) }).$extends(
      branches({
        url: () => url,
        adapter: () => new PrismaLibSql({ url }),
        client: (adapter) => new PrismaClient({ adapter }),
      }),
    )
    await prisma.$withBranch(undefined, async () => {
      for (let i = 0; i < 3; i++) {
        await whose(prisma)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })
    expect(opened).toBe(1)
    for (let i = 0; i < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      await whose(prisma)
    }
    expect(opened).toBe(3)
    await prisma.$disconnect()
  })
})

describe('a process of its own', () => {
  const run = async (script: string, ...args: string[]) => {
    const path = new URL(`scripts/${script}`, import.meta.url).pathname
    return promisify(execFile)(process.execPath, ['--import', 'tsx', path, ...args])
  }

  it('A4: exits by itself while a pool waits for its max-age', async () => {
    const url = await sqliteFile(temporaryDirectory(), 'a')
    // Its max-age is an hour, for which this test has no time.
    const { stdout } = await run('exit.ts', url)
    expect(stdout).toContain('live')
  })

  it.each([
    ['one after the other', ['26 migrated', 'done']],
    ['in a unit of work', ['26 migrated', 'done']],
    ['room that never comes', ['BRANCH_ACQUIRE_TIMEOUT', 'done']],
    ['a close that waits for a transaction', ['BRANCH_DRAIN_TIMEOUT', 'done']],
  ])('L1: does not exit while work is under way: %s', async (job, expected) => {
    const { stdout } = await run('under-way.ts', temporaryDirectory(), job)
    expect(stdout.trim().split('\n')).toEqual(expected)
  })

  it("shows the application's line in Prisma's error messages, not the library's", async () => {
    const { stdout } = await run('call-site.ts')
    const locations = stdout.match(/invocation in\n.*/g) ?? []
    expect(locations).toHaveLength(3)
    for (const location of locations) expect(location).toMatch(/scripts\/call-site\.ts:\d+:\d+$/)
  })
})
