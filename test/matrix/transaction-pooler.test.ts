import type { EventEmitter } from 'node:events'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { schemaUrl } from '../../src/postgres.ts'
import { createBranch, migrate } from '../kit/branches.ts'
import { PgBouncer, type PgBouncerConfig } from '../kit/pgbouncer.ts'
import { PostgresDatabase } from '../kit/postgres-database.ts'
import { ServerMissingError } from '../kit/server-program.ts'

// What PgBouncer in transaction mode does to the ways to reach a branch. Without the extension: these are the facts that
// the advice of docs/connections.md rests on.

const NAME = `pooled_${process.pid}`
const BRANCHES = ['a', 'b']
const ROLES = BRANCHES.map((branch) => `${NAME}_${branch}`)
const EMAIL = 'SELECT email FROM "User"'

let server: PostgresDatabase
let database: PostgresDatabase
let missing: string | undefined

beforeAll(async () => {
  server = new PostgresDatabase(inject('postgresUrl'))
  await server.query(`CREATE DATABASE ${NAME}`)
  const url = new URL(server.url)
  url.pathname = `/${NAME}`
  database = new PostgresDatabase(url.href)
  await migrate(database)
  await database.query(`INSERT INTO public."User" (email) VALUES ('main@example.com')`)
  for (const [index, branch] of BRANCHES.entries()) {
    const schema = await createBranch(database, branch)
    const role = ROLES[index] as string
    await database.query(`
      INSERT INTO ${schema}."User" (email) VALUES ('${branch}@example.com');
      CREATE ROLE ${role} LOGIN PASSWORD '${url.password}';
      GRANT USAGE ON SCHEMA ${schema} TO ${role};
      GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${role};
      ALTER ROLE ${role} IN DATABASE ${NAME} SET search_path = ${schema}`)
  }
  const pooler = await PgBouncer.start(server.url).catch((error: unknown) => error)
  if (pooler instanceof PgBouncer) await pooler.stop()
  else if (!(pooler instanceof ServerMissingError) || process.env.REQUIRE_SERVERS === '1') throw pooler
  else missing = pooler.message
})

afterAll(async () => {
  await database.disconnect()
  await server.disconnect()
})

beforeEach(({ task, skip }) => {
  if (missing === undefined) return
  task.meta.leftOut = missing
  skip(missing)
})

async function startPooler(config: PgBouncerConfig = {}): Promise<PgBouncer> {
  const pooler = await PgBouncer.start(server.url, { users: ROLES, ...config })
  onTestFinished(() => pooler.stop())
  return pooler
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

/** What raw SQL reads, which names no schema. */
async function read(client: pg.Client): Promise<unknown> {
  return (await client.query(EMAIL)).rows[0]?.email
}

const NO_TABLE = 'relation "User" does not exist'

describe('which branch a connection through a transaction pooler reads', () => {
  it('(a) search_path in the URL, as schemaUrl makes it: refused, or, if told to ignore it, the rows of main', async () => {
    const strict = await startPooler()
    await expect(connect(schemaUrl(strict.url(NAME), 'branch_a'))).rejects.toThrow(
      'unsupported startup parameter: options',
    )
    const lenient = await startPooler({ pgbouncer: { ignore_startup_parameters: 'options' } })
    expect(await read(await connect(schemaUrl(lenient.url(NAME), 'branch_a')))).toBe('main@example.com')
  })

  it("(b) the adapter's schema option: model queries read the branch, raw SQL reads main", async () => {
    const pooler = await startPooler()
    const adapter = new PrismaPg({ connectionString: pooler.url(NAME) }, { schema: 'branch_a' })
    const client = new PrismaClient({ adapter })
    onTestFinished(() => client.$disconnect())
    expect(await client.user.findMany()).toMatchObject([{ email: 'a@example.com' }])
    expect(await client.$queryRawUnsafe(EMAIL)).toEqual([{ email: 'main@example.com' }])
  })

  it('(b) and a search_path of no schema: raw SQL that names none fails, and all branches share the connections', async () => {
    const entry = `dbname=${NAME} connect_query='SET search_path TO pg_catalog'`
    const pooler = await startPooler({ databases: { app: entry } })
    for (const branch of BRANCHES) {
      const adapter = new PrismaPg({ connectionString: pooler.url('app') }, { schema: `branch_${branch}` })
      const client = new PrismaClient({ adapter })
      onTestFinished(() => client.$disconnect())
      expect(await client.user.findMany()).toMatchObject([{ email: `${branch}@example.com` }])
      await expect(client.$queryRawUnsafe(EMAIL)).rejects.toThrow(NO_TABLE)
      expect(await client.$queryRawUnsafe(`SELECT email FROM branch_${branch}."User"`)).toHaveLength(1)
    }
    expect(await database.connections()).toBe(1)
  })

  it('(d) a login role for each branch, with the search_path as its setting: its branch', async () => {
    const pooler = await startPooler()
    const clients = await Promise.all(ROLES.map((role) => connect(pooler.url(NAME, role))))
    for (let round = 0; round < 3; round++) {
      expect(await Promise.all(clients.map(read))).toEqual(['a@example.com', 'b@example.com'])
    }
    const [a] = clients as [pg.Client]
    // The database itself keeps it from the others.
    await expect(a.query('SELECT email FROM branch_b."User"')).rejects.toThrow('permission denied for schema branch_b')
  })

  it('(e) an entry of the pooler for each branch, with a connect_query: its branch, or an error if that is gone', async () => {
    const entry = (schema: string) => `dbname=${NAME} connect_query='SET search_path TO ${schema}'`
    const databases = { a: entry('branch_a'), b: entry('branch_b'), gone: entry('branch_gone') }
    const pooler = await startPooler({ databases })
    for (const branch of BRANCHES) expect(await read(await connect(pooler.url(branch)))).toBe(`${branch}@example.com`)
    await expect(read(await connect(pooler.url('gone')))).rejects.toThrow(NO_TABLE)
  })

  it('session mode refuses the search_path in the URL as well', async () => {
    const pooler = await startPooler({ pgbouncer: { pool_mode: 'session' } })
    await expect(connect(schemaUrl(pooler.url(NAME), 'branch_a'))).rejects.toThrow(
      'unsupported startup parameter: options',
    )
  })

  it('(f) SET search_path by a client: it stays with the connection, for whoever gets that next', async () => {
    const pooler = await startPooler()
    const [one, other] = [await connect(pooler.url(NAME)), await connect(pooler.url(NAME))]
    await one.query('SET search_path TO branch_a')
    expect([await read(one), await read(other)]).toEqual(['a@example.com', 'a@example.com'])
  })
})

it('PostgreSQL 18 tells its clients the search_path, which a pooler must know to keep it for each of them', async () => {
  const client = new pg.Client({ connectionString: schemaUrl(database.url, 'branch_a') })
  const told = new Map<string, string>()
  const { connection } = client as unknown as { connection: EventEmitter }
  connection.on('parameterStatus', ({ parameterName, parameterValue }) => told.set(parameterName, parameterValue))
  await client.connect()
  await client.end()
  expect(told.get('search_path')).toBe('"branch_a"')
})

const LIMIT = 3
const MANY = Array.from({ length: 8 }, (_, i) => `${NAME}_${i}`)

describe('what bounds the connections of a pooler to its server', () => {
  beforeAll(async () => {
    // The administrator's own connection there would be counted.
    await database.disconnect()
    for (const name of MANY) {
      await server.query(`CREATE DATABASE ${name}`)
      await server.query(`CREATE ROLE ${name} LOGIN PASSWORD '${new URL(server.url).password}'`)
    }
  })

  /** Of the databases and roles here, and of the one database that all entries lead to. */
  const many = async () => {
    const [row] = await server.query<{ count: string }>(
      'SELECT count(*) FROM pg_stat_activity WHERE datname = ANY($1) AND pid <> pg_backend_pid()',
      [[NAME, ...MANY]],
    )
    return Number(row?.count)
  }

  /** The pooler does not wait for the server to be done with a connection that it closes. */
  const expectMany = (expected: number) => expect.poll(many, { interval: 20 }).toBe(expected)

  /** Visits all, one after the other. */
  async function visit(config: PgBouncerConfig, url: (pooler: PgBouncer, name: string) => string) {
    const pooler = await startPooler({ users: MANY, ...config })
    for (const name of MANY) {
      const client = await connect(url(pooler, name))
      await client.query('SELECT 1')
    }
    return pooler
  }

  const databaseOf = (pooler: PgBouncer, name: string) => pooler.url(name)
  const roleOf = (pooler: PgBouncer, name: string) => pooler.url(NAME, name)
  const databases = Object.fromEntries(MANY.map((name) => [`entry_${name}`, `dbname=${NAME}`]))
  const entryOf = (pooler: PgBouncer, name: string) => pooler.url(`entry_${name}`)

  it.each([
    ['max_user_connections', 'a database per branch, one user', databaseOf, LIMIT],
    ['max_db_connections', 'a database per branch, one user', databaseOf, MANY.length],
    ['default_pool_size', 'a database per branch, one user', databaseOf, MANY.length],
    ['max_db_connections', 'a role per branch, one database', roleOf, LIMIT],
    ['max_user_connections', 'a role per branch, one database', roleOf, MANY.length],
    ['default_pool_size', 'a role per branch, one database', roleOf, MANY.length],
    ['max_user_connections', 'an entry per branch, one database and user', entryOf, LIMIT],
    ['max_db_connections', 'an entry per branch, one database and user', entryOf, MANY.length],
    ['default_pool_size', 'an entry per branch, one database and user', entryOf, MANY.length],
  ])('%s = 3 with %s', async (setting, _, url, expected) => {
    await visit({ databases, pgbouncer: { [setting]: LIMIT } }, url)
    await expectMany(expected)
  })

  it('max_user_connections does not count a user whom the entry of the database names', async () => {
    const { username, password } = new URL(server.url)
    const entries = MANY.map((name) => [name, `dbname=${name} user=${username} password=${password}`])
    const config = { databases: Object.fromEntries(entries), pgbouncer: { max_user_connections: LIMIT } }
    await visit(config, databaseOf)
    await expectMany(MANY.length)
  })

  it('at the limit an idle connection of another branch is closed to make room; if all are busy, the client waits', async () => {
    const pooler = await visit({ pgbouncer: { max_user_connections: LIMIT } }, databaseOf)
    const [first, ...others] = await Promise.all(MANY.slice(0, LIMIT).map((name) => connect(pooler.url(name))))
    for (const client of [first as pg.Client, ...others]) await client.query('BEGIN')
    const last = await connect(pooler.url(MANY.at(-1) as string))
    let answered = false
    const answer = last.query('SELECT 1').then(() => {
      answered = true
    })
    const waiting = async () => {
      const pools = await pooler.console<{ cl_waiting: number }>('SHOW POOLS')
      return pools.reduce((sum, { cl_waiting }) => sum + Number(cl_waiting), 0)
    }
    await expect.poll(waiting).toBe(1)
    expect(answered).toBe(false)
    await expectMany(LIMIT)
    await first?.query('COMMIT')
    await answer
    await expectMany(LIMIT)
  })
})

it('a server connection that is lost while it is idle is replaced by the pooler, and its client does not notice', async () => {
  const pooler = await startPooler()
  const client = await connect(pooler.url(NAME))
  await client.query('SELECT 1')
  expect(await database.terminateAll()).toBe(1)
  await expect.poll(() => database.connections()).toBe(0)
  expect(await read(client)).toBe('main@example.com')
})
