import { expect, it } from 'vitest'
import type { StartApplication } from '../kit/application.ts'
import { get } from '../kit/http-client.ts'
import { nothingLeft, serve } from '../kit/served.ts'

const HEADER = { 'X-Branch': 'a' }
const COOKIE = { Cookie: 'theme=dark; branch=c' }
const SUBDOMAIN = { Host: 'd.example.com' }

const PRECEDENCE: [description: string, path: string, headers: Record<string, string>, expected: string][] = [
  ['header before query, cookie and subdomain', '/whose?_branch=b', { ...HEADER, ...COOKIE, ...SUBDOMAIN }, 'a'],
  ['query before cookie and subdomain', '/whose?x=1&_branch=b', { ...COOKIE, ...SUBDOMAIN }, 'b'],
  ['cookie before subdomain', '/whose', { ...COOKIE, ...SUBDOMAIN }, 'c'],
  ['subdomain', '/whose', SUBDOMAIN, 'd'],
  [
    'main for an empty query parameter, whatever the cookie says',
    '/whose?_branch=',
    { ...COOKIE, ...SUBDOMAIN },
    'main',
  ],
  ['main for a request that names none', '/whose', {}, 'main'],
]

const UNKNOWN: [description: string, path: string, headers: Record<string, string>, detail: string][] = [
  ['header', '/whose', { 'X-Branch': 'gone' }, 'There is no branch "gone", as named by header "X-Branch"'],
  ['query', '/whose?_branch=gone', {}, 'There is no branch "gone", as named by query parameter "_branch"'],
  ['subdomain', '/whose', { Host: 'gone.example.com' }, 'There is no branch "gone", as named by subdomain'],
]

export function choosesTheBranch(start: StartApplication): void {
  it('by the first that names one: header, query, cookie, subdomain', async () => {
    const { origin } = await serve(start, ['a', 'b', 'c', 'd'])
    for (const [description, path, headers, expected] of PRECEDENCE) {
      const { status, text } = await get(origin + path, { headers })
      expect([status, text], description).toEqual([200, JSON.stringify({ branch: expected })])
    }
  })

  it('refuses an unknown one with 400 and problem details, and never opens a connection', async () => {
    const served = await serve(start, ['a'])
    for (const [description, path, headers, detail] of UNKNOWN) {
      const { status, headers: answered, text } = await get(served.origin + path, { headers })
      expect(status, description).toBe(400)
      expect(answered['content-type'], description).toBe('application/problem+json')
      const problem = { type: 'about:blank', title: 'Bad Request', status: 400, detail, code: 'BRANCH_UNKNOWN' }
      expect(JSON.parse(text), description).toEqual(problem)
    }
    expect(served.units.begun).toBe(0)
    expect(await served.database.connections()).toBe(0)
  })

  it('refuses a name that does not match the pattern', async () => {
    const { origin, units } = await serve(start, ['a', '../a', ''])
    for (const headers of [{ 'X-Branch': '../a' }, { 'X-Branch': 'x'.repeat(1_000) }, { 'X-Branch': '' }]) {
      const { status, text } = await get(`${origin}/whose`, { headers })
      expect(status).toBe(400)
      expect(JSON.parse(text)).toMatchObject({ code: 'BRANCH_INVALID_NAME' })
      expect(text.length).toBeLessThan(400)
    }
    expect(units.begun).toBe(0)
  })

  it('falls back from a stale cookie to main, and clears it', async () => {
    const { origin } = await serve(start, ['a'])
    const { status, headers, text } = await get(`${origin}/whose`, { headers: { Cookie: 'branch=gone' } })
    expect([status, text]).toEqual([200, '{"branch":"main"}'])
    expect(headers['set-cookie']).toEqual(['branch=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])
  })

  it('keeps a cookie that is not stale', async () => {
    const served = await serve(start, ['a'])
    const { headers, text } = await get(`${served.origin}/whose`, { headers: { Cookie: 'branch=a' } })
    expect([text, headers['set-cookie']]).toEqual(['{"branch":"a"}', undefined])
    await nothingLeft(served)
  })
}
