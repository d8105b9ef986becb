import fc from 'fast-check'
import pg from 'pg'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readPostgresUrl } from '../../../src/datasource/postgres-url.ts'
import { readSchemaUrl, schemaUrl } from '../../../src/datasource/schema-url.ts'
import { parseSearchPath } from '../../../src/datasource/search-path.ts'
import { readStartupOptions } from '../../../src/datasource/startup-options.ts'
import { keyOf, text } from './kit/urls.ts'

const BASE = 'postgresql://u:hunter2@db/app'
const EXTRA = { extraSchemas: ['extensions'] }

afterEach(() => vi.unstubAllEnvs())

/** What node-postgres makes of a URL, less its options and our schema. */
function read(url: string) {
  const { options, ...rest } = (new pg.Client(url) as pg.Client & { connectionParameters: Record<string, unknown> })
    .connectionParameters
  const { user, password, host, port, database } = new pg.Client(url)
  const others = readPostgresUrl(url).parameters.filter(([name]) => !['schema', 'options'].includes(name))
  return { options: String(options), target: { ...rest, user, password, host, port, database }, others }
}

function searchPathOf(url: string) {
  return parseSearchPath(readStartupOptions(read(url).options)?.searchPath ?? '')
}

describe('schemaUrl', () => {
  const word = text(['a', 'B', '%25', '%', '%2F', ' ', 'é', ':', '+', '&', '%40'], 4)
  const bases = fc
    .record({
      user: fc.oneof(word, fc.constant('')),
      password: word,
      host: fc.constantFrom('db', 'DB.example.com:6432', '', '[::1]:1', '%2Frun%2Fpg:6432', '127.0.0.1'),
      database: fc.constantFrom('', '/', '/app', '/a%20b', '/a%2Fb', '/50%25'),
      query: fc.subarray(['host=/run/pg', 'port=7000', 'sslmode=disable', 'x=a%26b', 'application_name=a+b', 'user=v']),
    })
    .map(({ user, password, host, database, query }) => {
      const credentials = user === '' ? '' : `${user}:${password}@`
      return `postgresql://${credentials}${host}${database}?${query.join('&')}`
    })

  it('leads to where the base URL leads, and sets a search_path of that schema, whatever the spelling of both', () => {
    let made = 0
    fc.assert(
      fc.property(bases, fc.stringMatching(/^[^"\0]{1,12}$/), (base, schema) => {
        if (keyOf(base) === undefined || /^pg_/i.test(schema) || schema === '$user') return
        const url = schemaUrl(base, schema)
        expect(read(url).target).toEqual(read(base).target)
        expect(read(url).others).toEqual(read(base).others)
        expect(searchPathOf(url)).toEqual([schema])
        expect(new URL(url).searchParams.get('schema')).toBe(schema)
        expect(readSchemaUrl(url)).toEqual({ connectionString: url, schema, searchPath: [schema] })
        made++
      }),
      { numRuns: 2_000 },
    )
    expect(made).toBeGreaterThan(0)
  })

  it('puts the schemas that all branches share behind that of the branch', () => {
    const url = schemaUrl(BASE, 'a', { extraSchemas: ['extensions', 'types, x'] })
    expect(searchPathOf(url)).toEqual(['a', 'extensions', 'types, x'])
    expect(readSchemaUrl(url)).toEqual({
      connectionString: url,
      schema: 'a',
      searchPath: ['a', 'extensions', 'types, x'],
    })
  })

  it('does not take the schemas of one call for those of another', () => {
    expect(searchPathOf(schemaUrl(BASE, 'a', EXTRA))).toEqual(['a', 'extensions'])
    expect(searchPathOf(schemaUrl(BASE, 'a'))).toEqual(['a'])
    expect(searchPathOf(schemaUrl(BASE, 'b', { extraSchemas: ['other'] }))).toEqual(['b', 'other'])
  })

  it('keeps answering for more base URLs than it remembers', () => {
    const ports = Array.from({ length: 200 }, (_, index) => 6000 + index)
    for (const port of [...ports, ...ports]) {
      expect(schemaUrl(`postgresql://u@db:${port}/app`, 'a')).toContain(`db:${port}/app`)
    }
  })

  it.each([
    [BASE, 'public'],
    [`${BASE}?schema=live`, 'live'],
  ])("has main's own schema on the path of a branch only if that is said in so many words (%s)", (base, main) => {
    const call = () => schemaUrl(base, 'a', { extraSchemas: ['extensions', main] })
    expect(call).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_OPTION' }))
    expect(call).toThrow(`includeMainSchema: "${main}"`)
    expect(call).not.toThrow('hunter2')
    expect(searchPathOf(schemaUrl(base, 'a', { ...EXTRA, includeMainSchema: main }))).toEqual(['a', 'extensions', main])
    const first = { extraSchemas: [main, 'extensions'], includeMainSchema: main }
    expect(searchPathOf(schemaUrl(base, 'a', first))).toEqual(['a', main, 'extensions'])
    expect(() => schemaUrl(base, 'a', { includeMainSchema: 'other' })).toThrow(`which is "${main}"`)
  })

  it.each(['', 'pg_catalog', '$user', 'a"b', 'x'.repeat(64), 42, '\ud800'])('refuses %j in extraSchemas', (name) => {
    expect(() => schemaUrl(BASE, 'a', { extraSchemas: [name as string] })).toThrow(
      expect.objectContaining({ code: 'BRANCH_INVALID_OPTION' }),
    )
  })

  it.each([undefined, null, 42, {}])('refuses %j as the name of a schema', (name) => {
    expect(() => schemaUrl(BASE, name as never)).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_NAME' }))
  })

  it('goes by what an array of extraSchemas has in it now', () => {
    const extraSchemas = ['extensions']
    schemaUrl(BASE, 'a', { extraSchemas })
    extraSchemas[0] = 'other'
    expect(searchPathOf(schemaUrl(BASE, 'a', { extraSchemas }))).toEqual(['a', 'other'])
  })

  it('refuses extraSchemas that are no array', () => {
    expect(() => schemaUrl(BASE, 'a', { extraSchemas: 'extensions' as never })).toThrow('must be an array')
  })

  it.each([EXTRA, { includeMainSchema: 'extensions' }])(
    'refuses a branch of a schema that all share (%j)',
    (options) => {
      expect(() =>
        schemaUrl(`${BASE}?schema=${options === EXTRA ? 'live' : 'extensions'}`, 'extensions', options),
      ).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_NAME' }))
    },
  )

  it.each([
    ['-c search_path=extensions', '"extensions"'],
    ['-c search_path=public,extensions', '"extensions"'],
    ['--search-path=Extensions', '"extensions"'],
    ['-c search_path="$user",public', '"$user"'],
  ])('loses no schema of the search_path that the base URL has: %s', (options, lost) => {
    const base = `${BASE}?options=${encodeURIComponent(options)}`
    const call = () => schemaUrl(base, 'a')
    expect(call).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_URL' }))
    expect(call).toThrow(`names ${lost}, which branches would not have`)
    expect(call).not.toThrow('hunter2')
  })

  it('puts the branch in the place of main on the search_path that the base URL has', () => {
    const base = `${BASE}?schema=live&options=-c%20work_mem=1MB%20-c%20search_path=live,%5C%20extensions`
    const url = schemaUrl(base, 'a', EXTRA)
    expect(searchPathOf(url)).toEqual(['a', 'extensions'])
    expect(read(url).options).toBe('-c work_mem=1MB -c search_path="a","extensions"')
    expect(schemaUrl(schemaUrl(base, 'b', EXTRA), 'a', EXTRA)).toBe(url)
    expect(() => schemaUrl(url, 'b')).toThrow('"extensions"')
  })

  it('keeps what PGOPTIONS sets, which node-postgres reads for a URL without options', () => {
    vi.stubEnv('PGOPTIONS', '-c statement_timeout=7')
    expect(read(schemaUrl('postgresql://pgoptions/app', 'a')).options).toBe('-c statement_timeout=7 -c search_path="a"')
    vi.stubEnv('PGOPTIONS', '-c search_path=extensions')
    expect(() => schemaUrl('postgresql://pgoptions/other', 'a')).toThrow('"extensions"')
  })

  it.each(['nonsense', '-ec search_path=a', '-c search_path=a,'])(
    'refuses options %j that it cannot read',
    (options) => {
      const call = () => schemaUrl(`${BASE}?options=${encodeURIComponent(options)}`, 'a')
      expect(call).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_URL' }))
      expect(call).not.toThrow('hunter2')
    },
  )
})

describe('readSchemaUrl', () => {
  it('takes a URL without a search_path for one of its schema alone', () => {
    expect(readSchemaUrl(`${BASE}?schema=a`)).toMatchObject({ schema: 'a', searchPath: ['a'] })
    expect(searchPathOf(readSchemaUrl(`${BASE}?schema=a`)?.connectionString as string)).toEqual(['a'])
    expect(readSchemaUrl(BASE)).toBeUndefined()
  })

  it.each(['public', 'extensions,a', '', '"A"'])('refuses a URL of schema a with the search_path %j', (path) => {
    const call = () => readSchemaUrl(`${BASE}?schema=a&options=-c%20search_path=${encodeURIComponent(path)}`)
    expect(call).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_URL' }))
    expect(call).not.toThrow('hunter2')
  })
})
