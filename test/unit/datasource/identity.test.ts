import { describe, expect, it } from 'vitest'
import { identifyDatasource } from '../../../src/datasource/identity.ts'

const keyOf = (url: string) => identifyDatasource(url, 'x').key
const labelOf = (url: string) => identifyDatasource(url, 'x').label

describe('identifyDatasource', () => {
  it.each([
    ['postgresql://u:p@db/app', 'postgres://u:p@db/app'],
    ['postgresql://u:p@db:5432/app', 'postgresql://u:p@db/app'],
    ['postgresql://u:p@DB.Example.COM/app', 'postgresql://u:p@db.example.com/app'],
    ['postgresql://u:p@db/app?a=1&b=2', 'postgresql://u:p@db/app?b=2&a=1'],
    ['postgresql://u:p@db/app?options=-c%20x', 'postgresql://u:p@db/app?options=-c+x'],
    ['mysql://u:p@db:3306/app', 'mysql://u:p@db/app'],
    ['file:./dev.db?a=1&b=2', 'FILE:./dev.db?b=2&a=1'],
  ])('takes %s and %s for one', (one, other) => {
    expect(keyOf(one)).toBe(keyOf(other))
  })

  it.each([
    ['postgresql://u:p@db/app', 'postgresql://u:p@db/App'],
    ['postgresql://u:p@db/app', 'postgresql://u:q@db/app'],
    ['postgresql://u:p@db/app', 'postgresql://v:p@db/app'],
    ['postgresql://u:p@db/app', 'postgresql://u:p@db:5433/app'],
    ['postgresql://u:p@db/app?schema=a', 'postgresql://u:p@db/app?schema=b'],
    ['postgresql://u:p@db/app?host=a&host=b', 'postgresql://u:p@db/app?host=b&host=a'],
    ['file:./a.db', 'file:./A.db'],
    [':memory:', 'file:./memory'],
  ])('keeps %s and %s apart', (one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other))
  })

  it('has a label without secrets', () => {
    const url = 'postgres://admin:hunter2@db:5433/app?schema=branch_x&sslpassword=hunter3&options=-c%20a=hunter4'
    expect(labelOf(url)).toBe('postgresql://db:5433/app?schema=branch_x')
    expect(labelOf('libsql://db.example.com?authToken=hunter2')).toBe('libsql://db.example.com')
    expect(labelOf('file:./dev.db?authToken=hunter2')).toBe('file:./dev.db')
  })

  it.each(['', 'nonsense', 'postgresql:/u:hunter2@db/app', 'postgresql://u:hunter2/3@db:x/app'])(
    'refuses %j without showing it',
    (url) => {
      const call = () => identifyDatasource(url, 'feature')
      expect(call).toThrow(expect.objectContaining({ name: 'InvalidDatasourceUrlError', code: 'BRANCH_INVALID_URL' }))
      expect(call).toThrow('"feature" does not parse')
      expect(call).not.toThrow('hunter2')
    },
  )

  it('refuses what is no string, and says of a promise that the option must answer at once', () => {
    expect(() => identifyDatasource(42, 'x')).toThrow('must be a string, got 42')
    expect(() => identifyDatasource(Promise.resolve('file:x'), 'x')).toThrow('must answer at once')
  })
})
