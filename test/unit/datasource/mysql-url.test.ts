import { createRequire } from 'node:module'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readMysqlUrl } from '../../../src/datasource/mysql-url.ts'
import { foldHost } from '../../../src/datasource/url-parts.ts'
import { keyOf, labelOf, RUNS, respelled, urlsOf, withChange } from './kit/urls.ts'

interface Options {
  readonly host: string
  readonly port: number
  readonly user: string | undefined
  readonly password: string | undefined
  readonly database: string
}

class Caught extends Error {}

/** The connector's own reader and its settings, which the package does not export. */
const ConnectionOptions = createRequire(import.meta.url)('mariadb/lib/config/connection-options.js') as {
  new (options: unknown): Options
  parse(url: string): unknown
}
const parse = ConnectionOptions.parse
let caught: Options | undefined

// What the adapter passes on reaches the connector's reader. There it is caught, before a connection is opened.
beforeAll(() => {
  ConnectionOptions.parse = (url) => {
    caught = new ConnectionOptions(parse.call(ConnectionOptions, url))
    throw new Caught()
  }
})
afterAll(() => {
  ConnectionOptions.parse = parse
})

/** Where the connector would connect to through Prisma's adapter, and as whom; undefined if it does not take the URL. */
async function target(url: string): Promise<Options | undefined> {
  caught = undefined
  const error = await new PrismaMariaDb(url).connect().catch((error: unknown) => error)
  if (!(error instanceof Caught)) return undefined
  const options = caught as Options | undefined
  return options && { ...options, host: foldHost(options.host) }
}

const URLS = urlsOf({
  schemes: ['mysql', 'mariadb', 'MySQL'],
  hosts: [],
  port: 3306,
  parameters: [
    ...['user=v', 'password=q', 'host=db2', 'host=', 'port=3306', 'socketPath=/run/m', 'database=x'],
    ...['prepareCacheLength=0', 'initSql=a%20b', 'initSql=a+b', 'ssl=true', 'compress=true', 'x=mariadb://h/b'],
  ],
})
const PLACES = /[?&](user|password|host|port|database)=/

describe('a URL of MySQL or MariaDB', () => {
  it("is read as MariaDB's connector reads it after Prisma's adapter, or refused", async () => {
    let read = 0
    await fc.assert(
      fc.asyncProperty(URLS, async (url) => {
        const key = keyOf(url)
        if (key === undefined || PLACES.test(url)) return
        const ours = readMysqlUrl(url)
        expect(await target(url)).toMatchObject({
          user: ours.user || process.env.USERNAME,
          password: ours.password || undefined,
          host: foldHost(ours.host),
          port: Number.parseInt(ours.port || '3306', 10),
          database: ours.database,
        })
        read++
      }),
      RUNS,
    )
    expect(read).toBeGreaterThan(0)
  })

  it('has the key of another only if the connector connects with both to the same database as the same user', async () => {
    let same = 0
    await fc.assert(
      fc.asyncProperty(withChange(URLS, ['%', '3306', ':3306', '&a=1', '#', '%61', '/']), async ([one, other]) => {
        const key = keyOf(one)
        if (one === other || key === undefined || key !== keyOf(other)) return
        same++
        expect(await target(one)).toEqual(await target(other))
      }),
      RUNS,
    )
    expect(same).toBeGreaterThan(0)
  })

  it('has one key under all spellings that the connector reads alike', () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9]{1,6}$/)
    const parts = fc.record({ user: word, password: word, host: word, database: word })
    fc.assert(
      fc.property(parts, fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }), (given, coins) => {
        const { user, password, host, database } = given
        const pick = (index: number) => coins[index] === true
        const plain = `mysql://${user}:${password}@${host}/${database}?connectTimeout=5&compress=true`
        const credentials = `${respelled(user, pick(0))}:${respelled(password, pick(1))}`
        const address = `${pick(2) ? host.toUpperCase() : host}${pick(3) ? ':3306' : ''}`
        const query = pick(4) ? 'compress=true&connectTimeout=5' : 'connectTimeout=5&compress=true'
        const scheme = pick(5) ? 'mariadb' : 'MYSQL'
        const other = `${scheme}://${credentials}@${address}/${respelled(database, pick(6))}?${query}`
        expect(keyOf(other)).toBe(keyOf(plain))
      }),
    )
  })

  it.each([
    ['mysql://root:#Secret@db.internal/a', '%23'],
    ['mysql://root:123#Secret@db.internal/a', '%23'],
    ['mysql://root:123/Secret@db.internal/a', '%2F'],
    ['mysql://root:50%Secret@db.internal/a', '%25'],
    ['mysql://root:Secret@db.internal', 'database'],
    ['mysql://root:Secret@db.internal/', 'database'],
    ['mysql:///a', 'host'],
    ['mysql://h?prepareCacheLength=0&a=b/c', 'database'],
  ])('is refused if the connector reads it otherwise than it is written: %s', (url, why) => {
    expect(() => labelOf(url)).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_URL' }))
    expect(() => labelOf(url)).toThrow(why)
    expect(() => labelOf(url)).not.toThrow('Secret')
  })

  it.each([
    ['mysql://u:p@db/app', 'mysql://u:p@db/App'],
    ['mysql://u:p@db/app', 'mysql://u:P@db/app'],
    ['mysql://u:%23Secret@db/a', 'mysql://u:%23Secret@db/b'],
    ['mysql://u:p@db/app?initSql=a%20b', 'mysql://u:p@db/app?initSql=a+b'],
    ['mysql://u:p@db/app?database=a&database=b', 'mysql://u:p@db/app?database=b&database=a'],
    // The last of a name counts, however it is spelled.
    ['mariadb://u:p@x/db?host=b&%68ost=a', 'mariadb://u:p@x/db?%68ost=a&host=b'],
  ])('is kept apart: %s, %s', (one, other) => {
    expect(keyOf(one)).toBeDefined()
    expect(keyOf(other)).toBeDefined()
    expect(keyOf(one)).not.toBe(keyOf(other))
  })

  it('has a label that shows where it leads, and no password', () => {
    expect(labelOf('mysql://u:hunter2@DB:3306/app?schema=x&password=hunter3')).toBe('mysql://db/app')
    expect(labelOf('mariadb://u:hunter2@[::1]:3307/a%2Fb')).toBe('mariadb://[::1]:3307/a/b')
    expect(labelOf('mysql://u:p@db/app?host=other&database=b')).toBe('mysql://other/b')
    expect(labelOf('mysql://u:p@db/app?socketPath=/run/m.sock')).toBe('mysql://%2Frun%2Fm.sock/app')
  })
})
