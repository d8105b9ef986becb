import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { urlTemplate } from '../../../src/catalog/url-template.ts'
import { identifyDatasource } from '../../../src/datasource/identity.ts'

describe('urlTemplate', () => {
  const fill = urlTemplate('url', 'postgresql://u:p@db/app?schema=branch_{branch}')

  it.each(['main', 'feature-1', 'v1.2', '_x', 'größe'])('takes %s, encoded', (name) => {
    expect(new URL(fill(name)).searchParams.get('schema')).toBe(`branch_${name}`)
  })

  it.each(['.', '..', '../secret', 'a/b', 'a b', 'a&x=1', 'a"b', "a'b", 'a;b', 'a%2Fb', 'a\0b', '-a', 'x'.repeat(64)])(
    'refuses %j',
    (name) => {
      expect(() => fill(name)).toThrow(
        expect.objectContaining({ name: 'InvalidBranchNameError', code: 'BRANCH_INVALID_NAME' }),
      )
    },
  )

  it.each([
    'postgresql://{branch}:p@db/app',
    'postgresql://u:{branch}@db/app',
    'postgresql://u:p@db:{branch}/app',
    'postgresql://u:p@db:543{branch}/app',
    'postgresql://app:p4ss@{branch}/app',
    'postgresql://app:p4ss@{branch}:5432/app',
    'postgresql://app:p4ss@db-{branch}/app',
    'postgresql://app:p4ss@db.{branch}/app',
    'postgresql://app:p4ss@{branch}db.example.com/app',
    'postgresql://app:p4ss@{branch}.com/app',
    'postgresql://app:p4ss@{branch}-x.com/app',
    'postgresql://app:p4ss@{branch}-x/app',
    'postgresql://app:p4ss@{branch}.co.uk/app',
    'postgresql://app:p4ss@{branch}-x.com.au/app',
    'postgresql://app:p4ss@{branch}.0.0.1/app',
    'postgresql://app:p4ss@{branch}..example.com/app',
    'postgresql://app:p4ss@db.example.com,{branch}/app',
    'postgresql://app:p4ss@%2Frun%2F{branch}/app',
    'postgresql://app:p4ss@[::{branch}]/app',
    'postgresql://u:p@db/app?host={branch}',
    'postgresql://u:p@db/app?%68ost={branch}.db.example.com',
    'postgresql://u:p@db/app?port={branch}',
    'postgresql://u:p@db/app?user={branch}',
    'postgresql://u:p@db/app?password={branch}',
    'postgresql://u:p@db/app?dbname={branch}',
    'postgresql://u:p@db/app?application_name={branch}',
    'postgresql://u:p@db/app?Schema={branch}',
    'postgresql://u:p@db/app?options=-c%20search_path={branch}',
    'postgresql://u:p@db/app?sslcert=/certificates/{branch}',
    'postgresql://u:p@db/app?{branch}=x',
    'postgresql://u:p@db/app#{branch}',
    'mysql://u:p@{branch}/app',
    'mysql://u:p@db/app?socketPath=/run/{branch}',
    'mysql://u:p@db/app?database={branch}',
    'mysql://u:p@db/app?initSql={branch}',
    'libsql://{branch}',
    'libsql://{branch}.io?authToken=p4ss',
    'libsql://db.example.com?authToken={branch}',
    'libsql://db.example.com/x#{branch}',
    'sqlserver://{branch};database=a;user=sa;password=p4ss',
    'sqlserver://h:1433;database=a;user={branch}',
    'xx://u:p/{branch}@h',
    'x{branch}://u:p@h/app',
    'file://{branch}/dev.db',
    'file:./dev.db?authToken={branch}',
    `postgresql://db/app?schema=${'x'.repeat(63)}{branch}`,
  ])('refuses the template %s at once, and says what to do', (template) => {
    const call = () => urlTemplate('DATABASE_BRANCH_URL', template)
    expect(call).toThrow(expect.objectContaining({ name: 'InvalidOptionError', code: 'BRANCH_INVALID_OPTION' }))
    expect(call).toThrow(/^DATABASE_BRANCH_URL has \{branch\} .*give url as a function/)
    expect(call).not.toThrow('p4ss')
  })

  it.each([
    ['postgresql://u:p@db/app_{branch}', 'feature-1', 'postgresql://u:p@db/app_feature-1'],
    ['postgresql://u:p@db/{branch}?schema=live', 'a', 'postgresql://u:p@db/a?schema=live'],
    ['postgresql://db/{branch}?application_name={branch}', 'A', 'postgresql://db/A?application_name=A'],
    ['postgresql://u:p@{branch}.db.internal:6432/app', 'acme', 'postgresql://u:p@acme.db.internal:6432/app'],
    ['postgresql://u:p@pg-{branch}-x.acme.co.uk/app', 'acme', 'postgresql://u:p@pg-acme-x.acme.co.uk/app'],
    ['libsql://{branch}-acme.turso.io?authToken=p', 'pr-7', 'libsql://pr-7-acme.turso.io?authToken=p'],
    ['mysql://u:p@db/app_{branch}', 'A', 'mysql://u:p@db/app_A'],
    ['sqlserver://h:1433;database=app_{branch};password=p', 'a', 'sqlserver://h:1433;database=app_a;password=p'],
    ['file:///data/c#/{branch}.db', 'A.b', 'file:///data/c#/A.b.db'],
  ])('fills in %s for %s', (template, name, url) => {
    expect(urlTemplate('url', template)(name)).toBe(url)
  })

  it.each([
    ['postgresql://u:p@{branch}.db.internal/app', ['Acme', 'a.b', 'attacker.example.com.', 'a_b', 'größe']],
    ['libsql://{branch}-acme.turso.io', ['Acme', 'evil.example']],
    ['postgresql://db/app?schema=branch_{branch}', ['x'.repeat(57), 'ü'.repeat(29)]],
    ['postgresql://db/app?schema={branch}', ['public', 'pg_catalog', 'information_schema']],
    ['postgresql://db/{branch}', ['postgres', 'template1', 'Postgres', 'ü'.repeat(32)]],
    ['mysql://db/{branch}', ['mysql', 'sys', 'INFORMATION_SCHEMA']],
    ['sqlserver://h:1433;database=app_{branch}', ['Acme']],
    ['file:./{branch}', ['a-wal', 'a.db-journal']],
    ['file:./{branch}.db', ['\u212b', '\u1100\u1161']],
  ])('refuses names that would be another place, or one with another name, in %s: %j', (template, names) => {
    const filled = urlTemplate('url', template)
    for (const name of names) {
      expect(() => filled(name), name).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_NAME' }))
    }
  })

  it('keeps each name apart from every other, wherever a template has it', () => {
    const templates = [
      'postgresql://u:p@{branch}.db.internal/app',
      'postgresql://u:p@db/app_{branch}',
      'postgresql://db/app?schema=b_{branch}',
      'postgresql://db/{branch}_{branch}?application_name={branch}',
      'mysql://db/app_{branch}',
      'libsql://{branch}-acme.turso.io',
      'file:./{branch}.db',
      'file:./{branch}/{branch}.db',
      'file:///data/c#/{branch}.db',
    ].map((template) => urlTemplate('url', template))
    const keyFor = (fill: (name: string) => string, name: string) => {
      try {
        return identifyDatasource(fill(name), name).key
      } catch (error) {
        if ((error as { code?: string }).code === 'BRANCH_INVALID_NAME') return undefined
        throw error
      }
    }
    const names = fc.oneof(
      fc.stringMatching(/^[aAbB0_][aAbB0_.-]{0,3}$/),
      fc.stringMatching(/^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,4}$/u),
    )
    fc.assert(
      fc.property(names, names, (one, other) => {
        if (one === other) return
        for (const fill of templates) {
          const key = keyFor(fill, one)
          if (key !== undefined) expect(key).not.toBe(keyFor(fill, other))
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('fills in every {branch}', () => {
    expect(urlTemplate('url', 'file:./{branch}/{branch}.db')('x')).toBe('file:./x/x.db')
  })

  it('refuses a template without {branch}, or that gives no URL, without showing it', () => {
    for (const template of ['postgresql://u:hunter2@db/app', 'hunter2 {branch}']) {
      expect(() => urlTemplate('DATABASE_BRANCH_URL', template)).toThrow(
        'DATABASE_BRANCH_URL must be a URL with {branch}',
      )
      expect(() => urlTemplate('DATABASE_BRANCH_URL', template)).not.toThrow('hunter2')
    }
  })
})
