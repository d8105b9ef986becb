import { setImmediate as turn } from 'node:timers/promises'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { expect, it, onTestFinished } from 'vitest'
import { Prisma, PrismaClient } from '../../generated/sqlite/client.ts'
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from '../../src/driver/driver-adapter.ts'
import { branches, persistentAdapter } from '../../src/index.ts'
import { Gate } from '../kit/gate.ts'
import { temporaryDirectory } from '../kit/pool-bench.ts'
import { sqliteFile, whose } from '../kit/sqlite-branches.ts'

/** A client with branches whose main adapter counts its connections, and waits at a gate before each SELECT if it is shut. */
async function mainBench(manage: (adapter: SqlDriverAdapterFactory) => SqlDriverAdapterFactory = (adapter) => adapter) {
  const directory = temporaryDirectory()
  const urls = new Map([['main', await sqliteFile(directory, 'main')]])
  urls.set('a', await sqliteFile(directory, 'a'))
  const gate = new Gate()
  gate.open()
  const open = new Set<SqlDriverAdapter>()
  const inner = new PrismaLibSql({ url: urls.get('main') as string })
  const counting: SqlDriverAdapterFactory = {
    provider: inner.provider,
    adapterName: inner.adapterName,
    async connect() {
      const adapter = await inner.connect()
      open.add(adapter)
      const { dispose, queryRaw, startTransaction } = adapter
      const gated = async (query: Parameters<typeof queryRaw>[0]) => {
        await gate.pass()
        return queryRaw.call(adapter, query)
      }
      adapter.queryRaw = gated
      adapter.startTransaction = async (isolationLevel) => {
        const transaction = await startTransaction.call(adapter, isolationLevel)
        const ask = transaction.queryRaw
        transaction.queryRaw = async (query) => {
          await gate.pass()
          return ask.call(transaction, query)
        }
        return transaction
      }
      adapter.dispose = async () => {
        open.delete(adapter)
        await dispose.call(adapter)
      }
      return adapter
    },
  }
  const adapter = manage(counting)
  const main = new PrismaClient({ adapter })
  const prisma = main.$extends(
    branches({
      url: (name) => urls.get(name),
      adapter: (url) => new PrismaLibSql({ url }),
      client: (adapter) => new PrismaClient({ adapter }),
      maxAge: Infinity,
    }),
  )
  onTestFinished(() => prisma.$disconnect())
  return { prisma, gate, open, adapter }
}

const kinds = [
  ['plain', undefined],
  ['persistent', (adapter: SqlDriverAdapterFactory) => persistentAdapter(adapter, { maxAge: 60_000 })],
] as const

it.each(kinds)('L6: $disconnect lets a query on main finish, with a %s adapter', async (_, manage) => {
  const { prisma, gate, open } = await mainBench(manage)
  await prisma.user.count()
  gate.shut()
  const query = prisma.user.create({
    data: { email: 'x', posts: { create: { title: 'y' } } },
    include: { posts: true },
  })
  const created = query.then(({ posts }) => posts.length)
  await turn()
  let over = false
  const closing = prisma.$disconnect().then(() => {
    over = true
  })
  await turn()
  expect([over, open.size]).toEqual([false, 1])
  gate.open()
  await expect(created).resolves.toBe(1)
  await closing
  expect(open.size).toBe(0)
})

it.each(kinds)('L6: and a transaction that a method of an extension began, with a %s adapter', async (_, manage) => {
  const { prisma, gate, open } = await mainBench(manage)
  const extended = prisma.$extends({
    client: {
      async $transfer() {
        const client = Prisma.getExtensionContext(this) as unknown as typeof prisma
        return client.$transaction(async (tx) => {
          await tx.user.create({ data: { email: 'x' } })
          return tx.user.count()
        })
      },
    },
  })
  await prisma.user.count()
  gate.shut()
  const transferred = extended.$transfer()
  await turn()
  const closing = extended.$disconnect()
  await turn()
  gate.open()
  await expect(transferred).resolves.toBe(2)
  await closing
  expect(open.size).toBe(0)
})

it.each(kinds)(
  'L6: what comes after $disconnect works, and leaves no connection, with a %s adapter',
  async (_, manage) => {
    const { prisma, open } = await mainBench(manage)
    await prisma.user.count()
    await prisma.$disconnect()
    expect(open.size).toBe(0)
    expect(await Promise.all([whose(prisma), whose(prisma.$branch('a')), whose(prisma)])).toEqual(['main', 'a', 'main'])
    await expect.poll(() => open.size).toBe(0)
    await expect.poll(() => prisma.$branches.stats()).toEqual([])
    await prisma.$connect()
    expect(await whose(prisma)).toBe('main')
    await turn()
    await turn()
    expect(open.size).toBe(1)
  },
)

it('L6: the pool of a persistent adapter is watched and closed like that of a branch', async () => {
  const persistent: ReturnType<typeof persistentAdapter>[] = []
  const { prisma, open } = await mainBench((adapter) => {
    persistent.push(persistentAdapter(adapter, { maxAge: 60_000 }))
    return persistent[0] as SqlDriverAdapterFactory
  })
  const [adapter] = persistent as [ReturnType<typeof persistentAdapter>]
  const happened: string[] = []
  const listener = ({ branch, reason }: { branch: string; reason: string }) => happened.push(`${branch} ${reason}`)
  expect(adapter.on('retired', listener)).toBe(adapter)
  await prisma.user.count()
  expect(adapter.stats()).toMatchObject([{ branch: 'main', state: 'live', inFlight: 0 }])
  expect(prisma.$branches.stats()).toEqual(adapter.stats().map((row) => ({ ...row, age: expect.any(Number) })))
  await adapter.close()
  expect([open.size, adapter.stats(), happened]).toEqual([0, [], ['main closed']])
  expect(await whose(prisma)).toBe('main')
  adapter.off('retired', listener)
  await adapter.close()
  expect(happened).toHaveLength(1)
})
