import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { inspect } from 'node:util'
import { PrismaPg } from '@prisma/adapter-pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { identifyDatasource } from '../../src/datasource/identity.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'
import { createBranch, migrate } from '../kit/branches.ts'
import type { PostgresDatabase } from '../kit/postgres-database.ts'
import { testDatabase } from './kit.ts'

const BASE =
  'postgresql://app:p%40ss@db.example.com:6432/app?sslmode=require&connect_timeout=5&application_name=my%20app'

describe('schemaUrl', () => {
  it('B6: keeps every parameter of the base URL, and adds to its options', () => {
    const url = new URL(schemaUrl(`${BASE}&options=-c%20statement_timeout%3D5000`, 'branch_a'))
    expect(Object.fromEntries(url.searchParams)).toEqual({
      sslmode: 'require',
      connect_timeout: '5',
      application_name: 'my app',
      schema: 'branch_a',
      options: '-c statement_timeout=5000 -c search_path="branch_a"',
    })
    expect([url.username, url.password, url.host, url.pathname]).toEqual([
      'app',
      'p%40ss',
      'db.example.com:6432',
      '/app',
    ])
  })

  it('replaces the schema and search_path of a base URL that has them', () => {
    const once = schemaUrl(BASE, 'branch_a')
    expect(schemaUrl(schemaUrl(BASE, 'other schema'), 'branch_a')).toBe(once)
    const other = schemaUrl(`${BASE}&schema=x&options=-csearch_path%3Dpublic%20--search_path%3Dx`, 'branch_a')
    expect(identifyDatasource(other, 'a').key).toBe(identifyDatasource(once, 'a').key)
    expect(identifyDatasource(once, 'a').label).toBe('postgresql://db.example.com:6432/app?schema=branch_a')
  })

  it.each([
    ['x'.repeat(64)],
    ['ä'.repeat(32)],
    ['pg_catalog'],
    ['PG_temp'],
    ['$user'],
    ['a\0b'],
    [''],
    ['branch_x"; DROP TABLE public."User"; --'],
  ])(
    'B4: refuses %j, which PostgreSQL would cut, refuse, or take for another, or Prisma would not escape',
    (schema) => {
      expect(() => schemaUrl(BASE, schema)).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_NAME' }))
    },
  )

  it.each(['mysql://db/app', 'nonsense', ''])('refuses %j as a base URL', (url) => {
    expect(() => schemaUrl(url, 'branch_a')).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_URL' }))
    expect(() => schemaAdapter(PrismaPg)(url)).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_URL' }))
  })

  it('schemaAdapter refuses a URL whose search_path is not that of its schema', () => {
    const url = 'postgresql://u:hunter2@db/app?schema=branch_a&options=-c%20search_path=public'
    expect(() => schemaAdapter(PrismaPg)(url)).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_URL' }))
    expect(() => schemaAdapter(PrismaPg)(url)).not.toThrow('hunter2')
  })

  it('schemaAdapter refuses a URL that names no schema, without showing it', () => {
    const attempt = () => schemaAdapter(PrismaPg)('postgresql://u:hunter2@db/app')
    expect(attempt).toThrow('needs a datasource URL with a schema parameter')
    expect(attempt).not.toThrow('hunter2')
  })
})

describe('a schema name from outside', () => {
  const hostile = [
    'branch_x, public',
    'branch_x -c search_path=public',
    "branch_x' OR '1'='1",
    'branch\\ x',
    'branch\\',
    'branch x%22%20&options=-c%20search_path=public',
    'Ünïcode ☃',
    "'; DROP TABLE public.User; --",
  ]

  it.each(hostile)('B4: %j injects nothing, neither in model queries nor in raw SQL', async (schema) => {
    const database = await testDatabase()
    await migrate(database)
    await database.query(`INSERT INTO public."User" (email) VALUES ('main@example.com')`)
    const prisma = new PrismaClient({ adapter: schemaAdapter(PrismaPg)(schemaUrl(database.url, schema)) })
    try {
      // There is no such schema yet.
      await expect(prisma.user.findMany()).rejects.toThrow()
      await expect(prisma.$queryRaw`SELECT email FROM "User"`).rejects.toThrow('does not exist')

      const quoted = `"${schema.replaceAll('"', '""')}"`
      await database.query(`CREATE SCHEMA ${quoted}`)
      await migrate(database, schema)
      await database.query(`INSERT INTO ${quoted}."User" (email) VALUES ('branch@example.com')`)
      expect(await prisma.$queryRaw`SELECT email FROM "User"`).toEqual([{ email: 'branch@example.com' }])
      expect(await prisma.$queryRaw`SELECT current_schemas(false)::text[] AS schemas`).toEqual([{ schemas: [schema] }])
      expect(await prisma.user.findMany()).toMatchObject([{ email: 'branch@example.com' }])
      expect(await database.query('SELECT email FROM public."User"')).toEqual([{ email: 'main@example.com' }])
    } finally {
      await prisma.$disconnect()
    }
  })
})

describe('schemas that all branches share', () => {
  const shared = { extraSchemas: ['extensions'] }

  /** The table of the test in a schema, with a row whose address is in mixed case. */
  async function contacts(database: PostgresDatabase, schema: string) {
    await database.query(`CREATE SCHEMA IF NOT EXISTS "${schema}";
      CREATE TABLE "${schema}"."Contact" (email extensions.citext);
      INSERT INTO "${schema}"."Contact" VALUES ('Ada@Example.com')`)
  }

  async function databaseWithExtensions() {
    const database = await testDatabase()
    await database.query(`CREATE SCHEMA extensions;
      CREATE EXTENSION citext SCHEMA extensions;
      CREATE EXTENSION pg_trgm SCHEMA extensions`)
    await contacts(database, 'branch_a')
    return database
  }

  function clientOf(url: string) {
    const prisma = new PrismaClient({ adapter: schemaAdapter(PrismaPg)(url) })
    onTestFinished(() => prisma.$disconnect())
    return prisma
  }

  it('have their operators and functions found: citext compares without case, pg_trgm is there', async () => {
    const database = await databaseWithExtensions()
    const prisma = clientOf(schemaUrl(database.url, 'branch_a', shared))
    const found = prisma.$queryRawUnsafe(
      'SELECT count(*)::int FROM "Contact" WHERE email = $1::citext',
      'ada@example.COM',
    )
    expect(await found).toEqual([{ count: 1 }])
    expect(await prisma.$queryRaw`SELECT similarity('word', 'words') > 0.5 AS similar`).toEqual([{ similar: true }])
    const [row] = (await prisma.$queryRaw`SELECT current_schemas(false)::text[] AS schemas`) as { schemas: string[] }[]
    expect(row?.schemas).toEqual(['branch_a', 'extensions'])

    // What they are for: without them citext compares as text does, and says nothing.
    const without = clientOf(schemaUrl(database.url, 'branch_a'))
    const compared = without.$queryRaw`SELECT count(*)::int FROM "Contact" WHERE email = 'ada@example.COM'`
    expect(await compared).toEqual([{ count: 0 }])
    await expect(without.$queryRaw`SELECT similarity('word', 'words')`).rejects.toThrow('does not exist')
  })

  it('B4: lead no branch to the tables of main, be it on the path or not there at all', async () => {
    const database = await databaseWithExtensions()
    await migrate(database)
    const absent = clientOf(schemaUrl(database.url, 'branch_dropped', shared))
    await expect(absent.$queryRaw`SELECT * FROM "User"`).rejects.toThrow('does not exist')
    await expect(absent.user.findMany()).rejects.toThrow()
  })

  it("have main's among them if that is said in so many words", async () => {
    const database = await databaseWithExtensions()
    await migrate(database)
    const prisma = clientOf(schemaUrl(database.url, 'branch_a', { ...shared, includeMainSchema: 'public' }))
    expect(await prisma.$queryRaw`SELECT * FROM "User"`).toEqual([])
  })

  it('B4: are checked on each new connection: a path that has one more or one less is an error', async () => {
    const database = await databaseWithExtensions()
    const { pathname } = new URL(database.url)
    await database.query(`ALTER DATABASE "${pathname.slice(1)}" SET search_path = branch_a, extensions, public`)
    // As a pooler does that drops startup options.
    class Forgetful extends PrismaPg {
      constructor(config: { connectionString: string }, options?: { schema: string }) {
        super({ ...config, connectionString: config.connectionString.replace(/&options=[^&]*/, '') }, options)
      }
    }
    for (const options of [shared, {}]) {
      const url = schemaUrl(database.url, 'branch_a', options)
      const prisma = new PrismaClient({ adapter: schemaAdapter(Forgetful)(url) })
      onTestFinished(() => prisma.$disconnect())
      await expect(prisma.$queryRaw`SELECT 1`).rejects.toMatchObject({ code: 'BRANCH_WRONG_SCHEMA' })
    }
    await database.query(`ALTER DATABASE "${pathname.slice(1)}" SET search_path = branch_a, extensions`)
    const url = schemaUrl(database.url, 'branch_a', shared)
    const prisma = new PrismaClient({ adapter: schemaAdapter(Forgetful)(url) })
    onTestFinished(() => prisma.$disconnect())
    expect(await prisma.$queryRaw`SELECT count(*)::int FROM "Contact"`).toEqual([{ count: 1 }])
  })
})

describe('base URLs that node-postgres takes', () => {
  it('lead to a Unix socket', async () => {
    const database = await testDatabase()
    const schema = await createBranch(database, 'a')
    const { hostname, port, username, password, pathname } = new URL(database.url)
    // A socket where PostgreSQL would have it, that leads to the port where the server of the tests listens.
    const directory = await mkdtemp(join(tmpdir(), 'prisma-branches-socket-'))
    const server = createServer((socket) => {
      const onward = connect(Number(port), hostname)
      pipeline(socket, onward, socket, () => {})
    })
    server.listen(join(directory, '.s.PGSQL.5499'))
    await once(server, 'listening')
    onTestFinished(async () => {
      server.close()
      await rm(directory, { recursive: true })
    })
    const credentials = `${username}:${password}`
    for (const base of [
      `postgresql://${credentials}@${pathname}?host=${directory}&port=5499`,
      `postgresql://${credentials}@${encodeURIComponent(directory)}:5499${pathname}`,
    ]) {
      const prisma = new PrismaClient({ adapter: schemaAdapter(PrismaPg)(schemaUrl(base, schema)) })
      expect(await prisma.user.count()).toBe(0)
      const [row] = (await prisma.$queryRaw`SELECT current_schema() AS schema`) as object[]
      expect(row).toMatchObject({ schema })
      await prisma.$disconnect()
    }
  })

  it('have a percent sign in the password that is not encoded', async () => {
    const database = await testDatabase()
    const schema = await createBranch(database, 'a')
    const role = `percent_${new URL(database.url).pathname.slice(1)}`
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD '50%off'; GRANT USAGE ON SCHEMA ${schema} TO ${role};
      GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${role}`)
    onTestFinished(async () => {
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    })
    const base = database.url.replace(/\/\/[^@]*@/, `//${role}:50%off@`)
    const prisma = new PrismaClient({ adapter: schemaAdapter(PrismaPg)(schemaUrl(base, schema)) })
    expect(await prisma.user.count()).toBe(0)
    await prisma.$disconnect()
  })
})

describe('secrets', () => {
  it('no inspection of the adapter that a client is given shows the password', async () => {
    const { ManagedAdapterFactory } = await import('../../src/adapter/managed-adapter.ts')
    const url = schemaUrl('postgresql://u:hunter2@127.0.0.1:1/app', 'a')
    const factory = schemaAdapter(PrismaPg)(url)
    const datasource = { ...identifyDatasource(url, 'a'), branch: 'a', connect: () => factory.connect() }
    const managed = new ManagedAdapterFactory(factory, datasource, {} as never)
    expect(inspect(managed, { depth: 9, showHidden: true })).not.toContain('hunter2')
    expect(inspect(new PrismaClient({ adapter: managed }), { depth: 9, showHidden: true })).not.toContain('hunter2')
  })
})
