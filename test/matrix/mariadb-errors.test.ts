import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/mysql/client.ts'
import { isConnectionError } from '../../src/driver/connection-errors.ts'
import { type SqlDriverAdapter, type SqlDriverAdapterFactory, sql } from '../../src/driver/driver-adapter.ts'
import { branches } from '../../src/index.ts'
import { MariaDbServer } from '../kit/mariadb-server.ts'
import { PATIENCE, PATIENT_POOLS } from '../kit/patience.ts'
import { ServerMissingError } from '../kit/server-program.ts'

/** The least that MariaDB can be told to allow. */
const MAX_CONNECTIONS = 10

const SLOW = sql('SELECT SLEEP(300)')

let server: MariaDbServer
let missing: string | undefined

beforeAll(async () => {
  try {
    server = await MariaDbServer.start(MAX_CONNECTIONS)
    await server.query('CREATE DATABASE a; CREATE TABLE a.t (x INTEGER PRIMARY KEY); INSERT INTO a.t VALUES (1)')
  } catch (error) {
    if (!(error instanceof ServerMissingError) || process.env.REQUIRE_SERVERS === '1') throw error
    missing = error.message
  }
})

afterAll(() => server?.stop())

beforeEach(({ task, skip }) => {
  if (missing === undefined) return
  task.meta.leftOut = missing
  skip(missing)
})

/** Of a pool that waits for a connection as long as a slow machine needs, and of one that gives up. */
const patient = (database: string, poolSize: number) => server.url(database, poolSize, PATIENCE)
const impatient = (database: string, poolSize: number) => server.url(database, poolSize, 500)

async function connect(from = patient('a', 3)): Promise<SqlDriverAdapter> {
  const adapter = await new PrismaMariaDb(from).connect()
  onTestFinished(() => adapter.dispose())
  return adapter
}

/** What is thrown: the number of MariaDB or the connector, or Node's code of an error that the adapter lets through. */
async function failure(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  const { code, cause } = error as { code?: string; cause?: { originalCode: string } }
  return { code: cause === undefined ? code : Number(cause.originalCode), connection: isConnectionError(error) }
}

async function underWay(statements: number): Promise<void> {
  const asked = async () => {
    const [row] = await server.query(
      "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%SLEEP(300)'",
    )
    return Number(row?.[0])
  }
  await expect.poll(asked).toBe(statements)
}

/** The connector's numbers: socket closed, connection closed before the statement, pool timeout, pool closed. */
const [SOCKET_CLOSED, CONNECTION_CLOSED, POOL_TIMEOUT, POOL_CLOSED] = [45009, 45013, 45028, 45027]

describe('errors of a connection to MariaDB', () => {
  it('H7: KILL CONNECTION under a statement, in a transaction, and before its COMMIT', async () => {
    const adapter = await connect()
    const slow = failure(adapter.queryRaw(SLOW))
    await underWay(1)
    await server.killAll()
    expect(await slow).toEqual({ code: SOCKET_CLOSED, connection: true })

    const transaction = await adapter.startTransaction()
    await server.killAll()
    // The statement may meet a socket that is closed already: EPIPE.
    expect(await failure(transaction.queryRaw(sql('SELECT 1')))).toMatchObject({ connection: true })
    expect(await failure(transaction.rollback())).toMatchObject({ connection: true })

    const other = await adapter.startTransaction()
    await server.killAll()
    expect(await failure(other.commit())).toMatchObject({ connection: true })
    expect((await adapter.queryRaw(sql('SELECT 1'))).rows).toEqual([[1]])
  })

  it('H7: too many connections, a database that is not there, a password that is wrong', async () => {
    // Each pool keeps as many connections open as it may: together more than the server has.
    await Promise.all([1, 2, 3, 4].map(() => connect(impatient('a', 3))))
    await expect.poll(async () => (await server.connections()).length).toBeGreaterThanOrEqual(MAX_CONNECTIONS)
    const late = await connect(impatient('a', 1))
    // The connector waits for a connection until it gives up, and tells what was wrong as the cause.
    expect(await failure(late.queryRaw(SLOW))).toEqual({ code: POOL_TIMEOUT, connection: true })
    const elsewhere = await connect(impatient('elsewhere', 1))
    expect(await failure(elsewhere.queryRaw(SLOW))).toEqual({ code: POOL_TIMEOUT, connection: true })
    const stranger = await connect(impatient('a', 1).replace('embedded-secret', 'wrong'))
    expect(await failure(stranger.startTransaction())).toEqual({ code: POOL_TIMEOUT, connection: true })
  })

  it('H7: a server that is stopped under a statement, and refuses connections', async () => {
    const adapter = await connect()
    const slow = failure(adapter.queryRaw(SLOW))
    const transaction = await adapter.startTransaction()
    await underWay(1)
    await server.down()
    try {
      expect(await slow).toEqual({ code: SOCKET_CLOSED, connection: true })
      expect(await failure(transaction.queryRaw(SLOW))).toEqual({ code: CONNECTION_CLOSED, connection: true })
      expect(await failure(transaction.rollback())).toEqual({ code: CONNECTION_CLOSED, connection: true })
      const cold = await connect(impatient('a', 1))
      expect(await failure(cold.startTransaction())).toEqual({ code: POOL_TIMEOUT, connection: true })
    } finally {
      await server.up()
    }
    const again = () => adapter.queryRaw(sql('SELECT 1')).catch(() => undefined)
    await expect.poll(again).toMatchObject({ rows: [[1]] })
  })

  it('H7: a pool that was closed', async () => {
    const adapter = await new PrismaMariaDb(patient('a', 1)).connect()
    await adapter.dispose()
    expect(await failure(adapter.queryRaw(SLOW))).toEqual({ code: POOL_CLOSED, connection: true })
    expect(await failure(adapter.startTransaction())).toEqual({ code: POOL_CLOSED, connection: true })
  })

  it.each([
    ['a syntax error', 'nonsense', 1064],
    ['a table that is not there', 'SELECT * FROM nowhere', 1146],
    ['a row that is there already', 'INSERT INTO t VALUES (1)', 1062],
    ['a statement that takes too long', 'SET STATEMENT max_statement_time = 0.1 FOR SELECT SLEEP(300) FROM t', 1969],
  ])('H7: %s is none', async (_, text, code) => {
    const adapter = await connect()
    expect(await failure(adapter.queryRaw(sql(text)))).toEqual({ code, connection: false })
  })
})

it("H5, B2: while MariaDB is down the caller gets the driver's error and nothing is kept; then all works", async () => {
  const client = (adapter: SqlDriverAdapterFactory) => new PrismaClient({ adapter })
  const prisma = client(new PrismaMariaDb(patient('mysql', 1))).$extends(
    branches({
      url: (branch) => impatient(branch, 1),
      adapter: (url) => new PrismaMariaDb(url),
      client: (adapter) => client(adapter),
      maxAge: Infinity,
      healthChecks: true,
      probeInterval: 0,
      ...PATIENT_POOLS,
    }),
  )
  onTestFinished(() => prisma.$disconnect())
  const ask = () => prisma.$withBranch('a', () => prisma.$queryRaw`SELECT x FROM t`)
  // Until it is fast enough for a pool that soon gives up.
  const again = () => ask().catch(() => undefined)
  await expect.poll(again).toEqual([{ x: 1 }])
  await server.down()
  try {
    await expect(ask()).rejects.toMatchObject({ code: 'P2010' })
    expect(prisma.$branches.stats()).toEqual([])
  } finally {
    await server.up()
  }
  await expect.poll(again).toEqual([{ x: 1 }])
})
