import fc from 'fast-check'
import pg from 'pg'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readPostgresUrl } from '../../../src/datasource/postgres-url.ts'
import { foldHost } from '../../../src/datasource/url-parts.ts'
import { keyOf, labelOf, PIECES, RUNS, respelled, text, urlsOf, withChange } from './kit/urls.ts'

afterEach(() => vi.unstubAllEnvs())

/** Where node-postgres would connect to, and as whom; undefined if it does not take the URL. */
function target(url: string) {
  let client: pg.Client & Record<string, unknown>
  try {
    client = new pg.Client({ connectionString: url }) as pg.Client & Record<string, unknown>
  } catch {
    return undefined
  }
  const { user, password, host, port, database } = client
  const parameters = client.connectionParameters as Record<string, unknown>
  return { ...parameters, user, password, host: foldHost(host), port, database }
}

const URLS = urlsOf({
  schemes: ['postgresql', 'postgres', 'POSTGRES'],
  hosts: ['%2Ftmp%2FS', '%2ftmp%2fs', 'a,b'],
  port: 5432,
  parameters: [
    ...['user=v', 'password=q', 'host=/tmp/S', 'host=db', 'host=', 'port=5432', 'port=1', 'dbname=x'],
    ...['database=app', 'schema=a', 'schema=A', 'options=-c%20x', 'options=-c+x', 'ssl=1', 'ssl=0'],
  ],
})

describe('a PostgreSQL URL', () => {
  it('is read as node-postgres reads it, or refused', () => {
    vi.stubEnv('PGPASSWORD', undefined)
    let read = 0
    fc.assert(
      fc.property(URLS, (url) => {
        if (keyOf(url) === undefined || /^[^/]*\/\/[^/?#]*,/.test(url)) return
        const ours = readPostgresUrl(url)
        const theirs = target(url)
        expect(theirs).toMatchObject({
          user: ours.user || pg.defaults.user,
          password: ours.password || null,
          host: foldHost(ours.host) || 'localhost',
          port: Number.parseInt(ours.port || '5432', 10),
          database: ours.database || ours.user || pg.defaults.user,
        })
        read++
      }),
      RUNS,
    )
    expect(read).toBeGreaterThan(0)
  })

  it('has the key of another only if node-postgres connects with both to the same database as the same user', () => {
    let same = 0
    fc.assert(
      fc.property(withChange(URLS, ['%', '5432', ':5432', '&a=1', '#', '%61', '/']), ([one, other]) => {
        const key = keyOf(one)
        if (one === other || key === undefined || key !== keyOf(other)) return
        same++
        expect(target(one)).toEqual(target(other))
      }),
      RUNS,
    )
    expect(same).toBeGreaterThan(0)
  })

  it('has one key under all spellings that node-postgres reads alike', () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9]{1,6}$/)
    const parts = fc.record({ user: word, password: word, host: word, database: word, schema: word })
    fc.assert(
      fc.property(parts, fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }), (given, coins) => {
        const { user, password, host, database, schema } = given
        const pick = (index: number) => coins[index] === true
        const plain = `postgresql://${user}:${password}@${host}/${database}?application_name=x&schema=${schema}`
        const place = pick(0)
          ? `${respelled(user, pick(1))}:${respelled(password, pick(2))}@${pick(3) ? host.toUpperCase() : host}${pick(4) ? ':5432' : ''}/${respelled(database, pick(5))}?`
          : `/${database}?host=${host}&user=${user}&port=5432&password=${respelled(password, pick(2))}&`
        const query = pick(6)
          ? `schema=${respelled(schema, pick(7))}&application_name=x`
          : `application_name=x&schema=${schema}`
        const other = `${pick(8) ? 'postgres' : 'POSTGRESQL'}://${place}${query}`
        expect(keyOf(other)).toBe(keyOf(plain))
      }),
    )
  })

  it.each([
    ['postgresql://u:p@db/app', 'postgres://u:p@db/app'],
    ['postgresql://u:p@db:5432/app', 'postgresql://u:p@db/app'],
    ['postgresql://u:p@DB.Example.COM/app', 'postgresql://u:p@db.example.com/app'],
    ['postgresql://u:p@db/app?a=1&b=2', 'postgresql://u:p@db/app?b=2&a=1'],
    ['postgresql://u:p@db/app?options=-c%20x', 'postgresql://u:p@db/app?options=-c+x'],
    ['postgresql://u:50%25off@db/app', 'postgresql://u:50%off@db/app'],
    ['postgresql://u@[::1]:5432/db', 'postgresql://u@[0:0:0:0:0:0:0:1]/db'],
    ['postgresql://u:p@/app?host=/run/pg&port=6432', 'postgresql://u:p@%2Frun%2Fpg:6432/app'],
    ['postgresql:///app?host=/run/pg&user=u', 'postgresql://u@/app?host=/run/pg'],
  ])('is one with another spelling: %s, %s', (one, other) => {
    expect(target(one)).toEqual(target(other))
    expect(keyOf(one)).toBe(keyOf(other))
    expect(keyOf(one)).toBeDefined()
  })

  it.each([
    ['postgresql://u:p@db/app', 'postgresql://u:p@db/App'],
    ['postgresql://u:p@db/app', 'postgresql://u:q@db/app'],
    ['postgresql://u:p@db/app', 'postgresql://v:p@db/app'],
    ['postgresql://u:p@db/app', 'postgresql://u:p@db:5433/app'],
    ['postgresql://u:p@db/app?schema=a', 'postgresql://u:p@db/app?schema=A'],
    ['postgresql://u:p@db/app?host=a&host=b', 'postgresql://u:p@db/app?host=b&host=a'],
    ['postgresql://u@%2Ftmp%2FSockets/db', 'postgresql://u@%2Ftmp%2Fsockets/db'],
    ['postgresql://u:pw@/a?host=/run/pg', 'postgresql://u:pw@/b?host=/run/pg'],
    ['postgresql://a:5432,b:5432/app', 'postgresql://b:5432,a:5432/app'],
    ['postgresql://a:5432,b:5432/a', 'postgresql://a:5432,b:5432/b'],
    ['postgresql://localhost/app', 'postgresql:///app'],
  ])('is kept apart: %s, %s', (one, other) => {
    expect(keyOf(one)).toBeDefined()
    expect(keyOf(other)).toBeDefined()
    expect(keyOf(one)).not.toBe(keyOf(other))
  })

  it('without a port is not the same as one with 5432 where the environment names another', () => {
    vi.stubEnv('PGPORT', '6432')
    expect(keyOf('postgresql://db/app')).not.toBe(keyOf('postgresql://db:5432/app'))
  })

  it.each([
    ['postgresql://u:12#hunter2@db/app', '%23'],
    ['postgresql://db/app#a', '%23'],
    ['postgresql://u:12/hunter2@db/app', '%2F'],
    ['postgresql://u:12?hunter2@db/app', '%3F'],
    ['postgresql://u:hunter2%ff@db/app', '%25'],
    ['postgresql://u:hunter2/3@db:x/app', '@ after the host'],
    ['postgresql://db/a/../b', '. or ..'],
    ['postgresql://db/a\nb', 'control character'],
    ['postgresql://db/main?dbname=branch', 'from the path'],
    ['postgresql://db/app?schema=a&schema=b', 'given twice'],
    ['postgresql://%2Ftmp/app?host=/other', 'names a host twice'],
  ])('is refused if node-postgres reads it otherwise than it is written: %j', (url, why) => {
    expect(() => labelOf(url)).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_URL' }))
    expect(() => labelOf(url)).toThrow(why)
    expect(() => labelOf(url)).not.toThrow('hunter2')
  })

  it('has a label that never shows a password', () => {
    const secret = 's3cr3t'
    fc.assert(
      fc.property(text([...PIECES, ':'], 3), text(PIECES, 3), URLS, (before, after, url) => {
        const password = `${before}${secret}${after}`
        const urls = [
          url.replace('://', `://u:${password}@`),
          `${url}${url.includes('?') ? '&' : '?'}password=${password}`,
        ]
        for (const given of urls) {
          if (keyOf(given) !== undefined) expect(labelOf(given)).not.toContain(secret)
        }
      }),
      RUNS,
    )
  })

  it.each([
    [
      'postgres://admin:hunter2@db:5433/app?schema=branch_x&sslpassword=hunter3&options=-c%20a=4',
      'postgresql://db:5433/app?schema=branch_x',
    ],
    ['postgresql://u:p@/app?host=/run/pg&port=6432', 'postgresql://%2Frun%2Fpg:6432/app'],
    ['postgresql://u:p@a:1,b:2/app?schema=x', 'postgresql://a:1,b:2/app?schema=x'],
    ['postgresql://u:p@[::1]/app', 'postgresql://[::1]/app'],
  ])('has a label: %s', (url, label) => {
    expect(labelOf(url)).toBe(label)
  })
})
