import { PrismaLibSql } from '@prisma/adapter-libsql'
import { expect, it } from 'vitest'
import { PrismaClient } from '../../generated/sqlite/client.ts'
import { Gate } from '../kit/gate.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { sqliteBranches, whose } from '../kit/sqlite-branches.ts'

/** Branches of which one client is kept; who is disconnected; and the clients themselves, as an extension might keep them. */
async function letGoBench() {
  const clock = new ManualClock()
  const clients = new Map<string, PrismaClient>()
  const disconnected: string[] = []
  const gate = new Gate()
  let latest = ''
  const bench = await sqliteBranches(
    {
      maxAge: 0,
      keepClients: 1,
      adapter(url) {
        latest = url.replace(/.*\/|\.db$/g, '')
        const inner = new PrismaLibSql({ url })
        const connect = async () => {
          const adapter = await inner.connect()
          const { queryRaw } = adapter
          adapter.queryRaw = async (query) => {
            await gate.pass()
            return queryRaw.call(adapter, query)
          }
          return adapter
        }
        return { provider: inner.provider, adapterName: inner.adapterName, connect }
      },
      client(adapter) {
        const name = latest
        const client = new PrismaClient({ adapter })
        const disconnect = client.$disconnect.bind(client)
        client.$disconnect = async () => {
          disconnected.push(name)
          await disconnect()
        }
        clients.set(name, client)
        return client
      },
    },
    clock,
  )
  /** One more branch is asked for, and the one before it is let go of. */
  const visit = async (name: string) => {
    const answer = await bench.prisma.$withBranch(name, () => whose(bench.prisma))
    await expect.poll(() => bench.prisma.$branches.stats()).toEqual([])
    return answer
  }
  const client = (name: string) => clients.get(name) as PrismaClient
  return { ...bench, clock, disconnected, gate, visit, client }
}

it('a client that is let go of is disconnected once it has rested for a second, and no client that is kept', async () => {
  const { clock, disconnected, visit } = await letGoBench()
  await visit('a')
  await visit('b')
  await clock.advance(999)
  expect(disconnected).toEqual([])
  await clock.advance(1)
  expect(disconnected).toEqual(['a'])
  await clock.advance(10_000)
  expect(disconnected).toEqual(['a'])
  expect(await visit('a')).toBe('a')
})

it('not while a call made through the extension is under way, and then not before it has rested again', async () => {
  const { clock, disconnected, gate, prisma, visit } = await letGoBench()
  const late = prisma.$branch('a').user.findFirstOrThrow()
  await visit('a')
  await visit('b')
  await clock.advance(500)
  gate.shut()
  const answer = late.then(({ email }) => email)
  await clock.settle()
  await clock.advance(5_000)
  expect(disconnected).toEqual([])
  gate.open()
  expect(await answer).toBe('a@example.com')
  await clock.settle()
  await clock.advance(999)
  expect(disconnected).toEqual([])
  await clock.advance(1)
  expect(disconnected).toEqual(['a'])
})

it('not while anything is in flight at its adapter, such as what a closure began on it and nobody awaits', async () => {
  const { client, clock, disconnected, gate, visit } = await letGoBench()
  await visit('a')
  await visit('b')
  gate.shut()
  let found: string | undefined
  const closure = client('a')
    .user.findFirstOrThrow()
    .then(({ email }) => {
      found = email
    })
  await expect.poll(() => gate.waiting).toBe(1)
  await clock.advance(5_000)
  expect([disconnected, found]).toEqual([[], undefined])
  gate.open()
  await closure
  expect(found).toBe('a@example.com')
  await clock.settle()
  await clock.advance(1_000)
  expect(disconnected).toEqual(['a'])
})

it('not between the steps of a transaction that a closure began, nor in the microtasks after it', async () => {
  const { client, clock, disconnected, visit } = await letGoBench()
  await visit('a')
  await visit('b')
  let go = () => {}
  const held = new Promise<void>((resolve) => {
    go = resolve
  })
  let begun = false
  const transaction = client('a').$transaction(async (tx) => {
    await tx.user.create({ data: { email: 'x' } })
    begun = true
    await held
    return tx.user.count()
  })
  await expect.poll(() => begun).toBe(true)
  await clock.advance(5_000)
  expect(disconnected).toEqual([])
  go()
  // What comes in the microtasks right after it is cut by no disconnect.
  expect(await transaction.then(() => client('a').user.count())).toBe(2)
  await clock.settle()
  await clock.advance(1_000)
  expect(disconnected).toEqual(['a'])
})

it('whoever kept it is served all the same, beside the client that the branch has by then, whose pool stays open', async () => {
  const { client, clock, disconnected, prisma, visit } = await letGoBench()
  await visit('a')
  const kept = client('a')
  await visit('b')
  await clock.advance(1_000)
  expect(disconnected).toEqual(['a'])
  await prisma.$withBranch('a', async () => {
    expect(await whose(prisma)).toBe('a')
    expect(client('a')).not.toBe(kept)
    expect(await whose(kept)).toBe('a')
    expect(prisma.$branches.stats()).toHaveLength(1)
    await kept.$disconnect()
    expect(prisma.$branches.stats()).toMatchObject([{ branch: 'a', state: 'live' }])
  })
})
