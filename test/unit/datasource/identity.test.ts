import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identifyDatasource } from '../../../src/datasource/identity.ts'
import { keyOf, labelOf, RUNS, text } from './kit/urls.ts'

describe('identifyDatasource', () => {
  it.each([
    ['d1://Acme', 'd1://acme'],
    ['libsql://db.turso.io?a=1&b=2', 'libsql://db.turso.io?b=2&a=1'],
    ['libsql://db.turso.io', 'libsql://db.turso.io/'],
    ['https://db.turso.io#a', 'https://db.turso.io#b'],
    ['sqlserver://localhost:1433;database=a', 'sqlserver://localhost:1433;database=b'],
    ['prisma+postgres://localhost:51213/?api_key=a', 'prisma+postgres://localhost:51213/?api_key=A'],
    ['POSTGRESQL+x://h/db', 'postgresql+x://h/db'],
    ['socket:/run/pg?db=a', 'socket:/run/pg?db=b'],
    ['postgresql://db/app', 'mysql://db/app'],
  ])('knows of a scheme whose driver it does not know that two strings are two: %s, %s', (one, other) => {
    expect(keyOf(one)).toBeDefined()
    expect(keyOf(other)).toBeDefined()
    expect(keyOf(one)).not.toBe(keyOf(other))
  })

  it('takes no two strings of such a scheme for one', () => {
    const urls = text(['a', 'A', '/', '#', '?', '&', '=', '%41', '@', ':', ';', '.', ' '], 6).map((it) => `d1://${it}`)
    fc.assert(
      fc.property(urls, urls, (one, other) => {
        if (one !== other && keyOf(one) !== undefined) expect(keyOf(one)).not.toBe(keyOf(other))
      }),
      RUNS,
    )
  })

  it.each([
    ['libsql://db.example.com?authToken=hunter2', 'libsql://db.example.com'],
    ['libsql://u:hunter2@db.example.com:8080/hunter2', 'libsql://db.example.com:8080'],
    ['sqlserver://localhost;database=a;user=sa;password=hunter2;encrypt=true', 'sqlserver://localhost'],
    ['sqlserver://localhost:1433;password=p@hunter2', 'sqlserver:'],
    ['sqlserver://sa:hunter2/3@localhost:1433', 'sqlserver:'],
    ['prisma+postgres://localhost:51213/?api_key=hunter2', 'prisma+postgres://localhost:51213'],
    ['xx://u:p@hunter2/3@db', 'xx:'],
    ['xx://hunter2#4@db', 'xx:'],
    ['xx://{hunter2}', 'xx:'],
    ['socket:/run/hunter2?db=a', 'socket:'],
  ])('shows of %s no more than scheme and host', (url, label) => {
    expect(labelOf(url)).toBe(label)
  })

  it.each([
    '',
    'nonsense',
    'postgresql:/u:hunter2@db/app',
    'postgresql://u:hunter2/3@db:x/app',
    './dev.db',
    'C:\\hunter2',
  ])('refuses %j without showing it', (url) => {
    const call = () => identifyDatasource(url, 'feature')
    expect(call).toThrow(expect.objectContaining({ name: 'InvalidDatasourceUrlError', code: 'BRANCH_INVALID_URL' }))
    expect(call).toThrow('"feature" does not parse')
    expect(call).not.toThrow('hunter2')
  })

  it('refuses what is no string, and says of a promise that the option must answer at once', () => {
    expect(() => identifyDatasource(42, 'x')).toThrow('must be a string, got 42')
    expect(() => identifyDatasource(Promise.resolve('file:x'), 'x')).toThrow('must answer at once')
  })
})
