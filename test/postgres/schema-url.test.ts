import { inspect } from 'node:util'
import { PrismaPg } from '@prisma/adapter-pg'
import { describe, expect, it } from 'vitest'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { identifyDatasource } from '../../src/datasource/identity.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'
import { migrate } from '../kit/branches.ts'
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
    const other = schemaUrl(`${BASE}&options=-csearch_path%3Dpublic%20--search_path%3Dx`, 'branch_a')
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
