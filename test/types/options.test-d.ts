import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaPg } from '@prisma/adapter-pg'
import { describe, expectTypeOf, test } from 'vitest'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { PrismaClient as SqliteClient } from '../../generated/sqlite/client.ts'
import {
  type BranchError,
  type BranchErrorCode,
  type BranchesOptions,
  branches,
  type Probe,
  persistentAdapter,
} from '../../src/index.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'

const connectionString = 'postgresql://localhost/app'
const pg = new PrismaPg({ connectionString })
const adapter = (url: string) => new PrismaPg({ connectionString: url })

describe('branches()', () => {
  const required: Pick<BranchesOptions, 'adapter' | 'client'> = {
    adapter,
    client: (adapter) => new PrismaClient({ adapter }),
  }

  test('takes what the environment can say as optional', () => {
    branches(required)
    branches({ ...required, url: 'postgresql://localhost/app?schema={branch}' })
    branches({ ...required, url: (branch) => (branch === 'known' ? connectionString : undefined) })
    branches({ ...required, url: () => null })
    // An option that is given as undefined is read from the environment, also with exactOptionalPropertyTypes.
    branches({ ...required, url: undefined, maxAge: undefined, healthChecks: undefined, maxClients: undefined })
  })

  test('takes every option', () => {
    expectTypeOf<keyof BranchesOptions>().toEqualTypeOf<
      | 'url'
      | 'adapter'
      | 'client'
      | 'maxAge'
      | 'maxAgeJitter'
      | 'idleTimeout'
      | 'healthChecks'
      | 'probe'
      | 'probeInterval'
      | 'probeTimeout'
      | 'maxClients'
      | 'acquireTimeout'
      | 'drainTimeout'
      | 'closeTimeout'
      | 'keepClients'
      | 'requireBranch'
    >()
    branches({ ...required, maxAge: Infinity, maxClients: Infinity, probe: 'SELECT 2', healthChecks: true })
    branches({ ...required, probe: (adapter) => adapter.executeScript('SELECT 3') })
    expectTypeOf<Probe>().returns.toEqualTypeOf<Promise<unknown>>()
  })

  test('knows the parameters of its functions', () => {
    branches({
      url(branch) {
        expectTypeOf(branch).toEqualTypeOf<string>()
        return connectionString
      },
      adapter(url) {
        expectTypeOf(url).toEqualTypeOf<string>()
        return pg
      },
      client(adapter) {
        expectTypeOf(adapter.provider).toEqualTypeOf<'mysql' | 'postgres' | 'sqlite' | 'sqlserver'>()
        return new PrismaClient({ adapter })
      },
    })
  })

  test('gives them the URL and the adapter alone: a branch is its URL', () => {
    // @ts-expect-error
    branches({ ...required, adapter: (_url, _branch) => pg })
    // @ts-expect-error
    branches({ ...required, client: (adapter, _branch) => new PrismaClient({ adapter }) })
  })

  test('takes clients with extensions of their own, and other databases', () => {
    branches({ ...required, client: (adapter) => new PrismaClient({ adapter }).$extends({ client: { $x: () => 1 } }) })
    branches({
      url: (branch) => `file:${branch}.db`,
      adapter: (url) => new PrismaLibSql({ url }),
      client: (adapter) => new SqliteClient({ adapter }),
    })
  })

  test('refuses wrong names and types', () => {
    // @ts-expect-error adapter and client are needed
    branches({})
    // @ts-expect-error without options
    branches()
    // @ts-expect-error no such option
    branches({ ...required, maxage: 60_000 })
    // @ts-expect-error a duration is a number
    branches({ ...required, maxAge: '60s' })
    // @ts-expect-error a flag is no string
    branches({ ...required, healthChecks: 'on' })
    // @ts-expect-error a count is a number
    branches({ ...required, maxClients: true })
    // @ts-expect-error a probe answers when it is done
    branches({ ...required, probe: () => true })
    // @ts-expect-error a URL is known at once
    branches({ ...required, url: async () => connectionString })
    // @ts-expect-error a URL is a string
    branches({ ...required, url: () => new URL(connectionString) })
    // @ts-expect-error an adapter, not a function that makes one
    branches({ ...required, adapter: pg })
    // @ts-expect-error not an adapter
    branches({ ...required, adapter: (url) => ({ connectionString: url }) })
    // @ts-expect-error not a client
    branches({ ...required, client: () => undefined })
  })
})

describe('persistentAdapter()', () => {
  test('stands for the adapter it is given', () => {
    new PrismaClient({ adapter: persistentAdapter(pg) })
    new PrismaClient({ adapter: persistentAdapter(pg, { maxAge: 60_000, healthChecks: true }) })
    new SqliteClient({ adapter: persistentAdapter(new PrismaLibSql({ url: 'file:main.db' }), { probe: 'SELECT 2' }) })
  })

  test('refuses wrong adapters, names and types', () => {
    // @ts-expect-error not an adapter
    persistentAdapter(connectionString)
    // @ts-expect-error an option of branches() alone: one adapter is one pool
    persistentAdapter(pg, { maxClients: 5 })
    // @ts-expect-error a duration is a number
    persistentAdapter(pg, { maxAge: '60' })
  })
})

describe('schemaAdapter() and schemaUrl()', () => {
  test('make an adapter option', () => {
    expectTypeOf(schemaAdapter(PrismaPg)(connectionString)).toEqualTypeOf<PrismaPg>()
    expectTypeOf(schemaAdapter(PrismaPg)).toExtend<BranchesOptions['adapter']>()
    expectTypeOf(schemaUrl(connectionString, 'branch_a')).toEqualTypeOf<string>()
  })

  test("take the driver's settings", () => {
    schemaAdapter(PrismaPg, { max: 5 })
    schemaAdapter(PrismaPg, { max: 5, idleTimeoutMillis: 10_000 })
    schemaAdapter(PrismaPg, { max: 5 }, { onPoolError: (error) => error.message })
    schemaAdapter(PrismaPg, {}, { disposeExternalPool: true })
  })

  test('refuse what would undo or miss them', () => {
    // @ts-expect-error no such setting of pg's pool
    schemaAdapter(PrismaPg, { maxx: 5 })
    // @ts-expect-error a number of connections
    schemaAdapter(PrismaPg, { max: '5' })
    // @ts-expect-error the connection string is the branch's
    schemaAdapter(PrismaPg, { connectionString })
    // @ts-expect-error no such option of the adapter
    schemaAdapter(PrismaPg, {}, { onPoolFailure: () => {} })
    // @ts-expect-error the schema is the branch's
    schemaAdapter(PrismaPg, {}, { schema: 'public' })
    // @ts-expect-error a class, not an instance
    schemaAdapter(pg)
    // @ts-expect-error another driver has no schemas
    schemaAdapter(PrismaLibSql)
    // @ts-expect-error a schema is a string
    schemaUrl(connectionString, 1)
  })
})

describe('errors', () => {
  test('carry a code of a closed set', () => {
    expectTypeOf<BranchError['code']>().toEqualTypeOf<BranchErrorCode>()
    const explain = (error: BranchError): string => {
      // @ts-expect-error no such code
      if (error.code === 'BRANCH_UNHEARD_OF') return ''
      return error.code === 'BRANCH_ACQUIRE_TIMEOUT' ? 'busy' : error.message
    }
    expectTypeOf(explain).returns.toEqualTypeOf<string>()
  })
})
