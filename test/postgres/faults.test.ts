import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'
import { type PostgresServer, startPostgres } from '../kit/embedded-postgres.ts'
import { connectionsSettle, postgresBranches, whose } from './kit.ts'

describe('connections that are cut', () => {
  it('H4: with health checks, a statement after every backend was ended sees no error and runs exactly once', async () => {
    const { prisma, database } = await postgresBranches(['a'], { healthChecks: true, probeInterval: 0 })
    const a = prisma.$branch('a')
    await whose(a)
    for (let i = 0; i < 5; i++) {
      await database.terminateAll()
      await prisma.$withBranch('a', () => prisma.user.create({ data: { email: `${i}@example.com` } }))
      await database.terminateAll()
      await prisma.$withBranch('a', () =>
        prisma.$transaction((tx) => tx.user.create({ data: { email: `${i}-in-transaction@example.com` } })),
      )
    }
    expect(await a.user.count()).toBe(11)
  })

  it('H6, H7: a connection cut under a statement fails that statement, which is not repeated; the next one works', async () => {
    const { prisma, database } = await postgresBranches(['a'])
    const a = prisma.$branch('a')
    const probes: boolean[] = []
    prisma.$branches.on('probed', ({ ok }) => probes.push(ok))
    await whose(a)
    const slow = a.$executeRaw`INSERT INTO "User" (email) SELECT 'slow@example.com' FROM pg_sleep(300)`.then(
      () => 'done',
      (error: Error) => error,
    )
    await expect.poll(() => database.underWay('INSERT%pg_sleep(300)%')).toBe(1)
    await database.terminateAll()
    expect(await slow).toMatchObject({ code: 'P2010' })
    expect(prisma.$branches.stats()).toMatchObject([{ suspect: true, inFlight: 0 }])
    expect(await whose(a)).toBe('a')
    expect(probes).toEqual([true])
    expect(await a.user.count({ where: { email: 'slow@example.com' } })).toBe(0)
  })

  it('H6: a transaction whose connection is cut fails, writes nothing, and leaves no work in flight', async () => {
    const { prisma, database } = await postgresBranches(['a'])
    const attempt = prisma.$branch('a').$transaction(async (tx) => {
      await tx.user.create({ data: { email: 'lost@example.com' } })
      await database.terminateAll()
      await tx.user.create({ data: { email: 'never@example.com' } })
    })
    await expect(attempt).rejects.toThrow()
    expect(prisma.$branches.stats()).toMatchObject([{ inFlight: 0, suspect: true }])
    expect(await prisma.$branch('a').user.count()).toBe(1)
  })

  it('D1: a transaction that outlives drainTimeout is cut on the server, and its caller told why', async () => {
    const { prisma, database } = await postgresBranches(['a'], { drainTimeout: 300 })
    const cut: number[] = []
    const timedOut = new Promise<void>((resolve) => {
      prisma.$branches.on('drainTimedOut', ({ inFlight }) => resolve(void cut.push(inFlight)))
    })
    let closed: Promise<void> | undefined
    const attempt = prisma.$branch('a').$transaction(async (tx) => {
      await tx.user.create({ data: { email: 'cut@example.com' } })
      closed = prisma.$branches.close('a')
      await timedOut
      await tx.user.count()
    })
    await expect(attempt).rejects.toMatchObject({ code: 'BRANCH_DRAIN_TIMEOUT' })
    await closed
    expect(cut).toEqual([1])
    expect(await connectionsSettle(database, 0)).toBe(0)
    expect(await prisma.$branch('a').user.count()).toBe(1)
  })
})

describe('a server that goes away', () => {
  let server: PostgresServer

  beforeAll(async () => {
    server = await startPostgres()
  })

  afterAll(() => server.stop())

  it("H5, B2: while it is down the caller gets the database's error, and afterwards everything works, with no restart", async () => {
    const { prisma } = await postgresBranches(['a', 'b'], { healthChecks: true, probeInterval: 0 }, server)
    expect([await whose(prisma.$branch('a')), await whose(prisma)]).toEqual(['a', 'main'])
    await server.goDown()
    for (const branch of ['a', 'b']) {
      await expect(prisma.$withBranch(branch, () => whose(prisma))).rejects.toMatchObject({ code: 'P1001' })
    }
    await server.comeUp()
    for (const branch of ['a', 'b']) expect(await prisma.$withBranch(branch, () => whose(prisma))).toBe(branch)
    expect(prisma.$branches.stats().every(({ inFlight, state }) => inFlight === 0 && state === 'live')).toBe(true)
    await prisma.$disconnect()
    expect(await connectionsSettle(server, 0)).toBe(0)
  })
})

describe('schemaAdapter', () => {
  it('a connection that is lost in the moment in which it is handed to a transaction does not end the process', async () => {
    const { database } = await postgresBranches(['a'])
    const connected: unknown[] = []
    const adapter = schemaAdapter(PrismaPg, { max: 1, onConnect: (client) => void connected.push(client) })
    const connection = await adapter(schemaUrl(database.url, 'branch_a')).connect()
    await connection.queryRaw({ sql: 'SELECT 1', args: [], argTypes: [] })
    const [client] = connected as [{ emit(event: 'error', error: Error): boolean }]

    const transaction = connection.startTransaction()
    // After the pool has let go of it, and before the adapter has taken hold.
    process.nextTick(() => client.emit('error', new Error('terminating connection')))
    await (await transaction).rollback()
    await connection.dispose()
    expect(connected).toHaveLength(1)
  })
})
