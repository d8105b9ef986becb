import { describe, expect, it } from 'vitest'
import { fromRequest, type RequestLike, type RequestSources } from '../../../src/http/from-request.ts'
import { InvalidOptionError } from '../../../src/settings/errors.ts'

const ALL: RequestSources = { header: 'X-Branch', query: '_branch', cookie: 'branch', subdomain: 'example.com' }

/** The same request, as Node and as Fetch have it. */
const KINDS: [kind: string, make: (url: string, headers: Record<string, string>) => RequestLike][] = [
  ['Node', (url, headers) => ({ url, headers: lowerCased(headers) })],
  ['Fetch', (url, headers) => new Request(new URL(url, 'http://127.0.0.1'), { headers })],
]

describe.each(KINDS)("fromRequest, with %s's requests", (_kind, make) => {
  const choose = (url: string, headers: Record<string, string> = {}, sources = ALL) =>
    fromRequest(sources)(make(url, headers))

  it.each<[string, string | undefined, string, Record<string, string>]>([
    ['the header first', 'h', '/?_branch=q', { 'X-Branch': 'h', Cookie: 'branch=c', Host: 's.example.com' }],
    ['then the query', 'q', '/?_branch=q', { Cookie: 'branch=c', Host: 's.example.com' }],
    ['then the cookie', 'c', '/', { Cookie: 'branch=c', Host: 's.example.com' }],
    ['then the subdomain', 's', '/', { Host: 's.example.com' }],
    ['an empty header as an empty name, which is none', '', '/?_branch=q', { 'X-Branch': '', Cookie: 'branch=c' }],
    ['an empty query as main', undefined, '/?_branch=', { Cookie: 'branch=c', Host: 's.example.com' }],
    ['a query without a value as main', undefined, '/?_branch', { Cookie: 'branch=c' }],
    ['an empty cookie as none', 's', '/', { Cookie: 'branch=', Host: 's.example.com' }],
    ['the first of several in the query', 'a', '/?_branch=a&_branch=b', {}],
    ['an encoded query', 'a b/c', '/x?y=1&_branch=a+b%2Fc', {}],
    ['malformed percent signs in the query as they are', 'a%zz%', '/?_branch=a%zz%', {}],
    ['a quoted and encoded cookie', 'a b', '/', { Cookie: 'x=1; branch="a%20b"; branch=c' }],
    [
      'nothing from what only looks like a source',
      undefined,
      '/_branch=a',
      { Cookie: 'mybranch=c; branch2=d; branch' },
    ],
  ])('takes %s', (_what, expected, url, headers) => {
    expect(choose(url, headers)?.branch).toBe(expected)
  })

  it.each<[host: string, expected: string | undefined]>([
    ['a.example.com', 'a'],
    ['A.Example.COM:8080', 'a'],
    ['a.example.com.', 'a'],
    ['a.example.com.:8080', 'a'],
    ['x.a.example.com', 'x.a'],
    ['example.com', undefined],
    ['.example.com', undefined],
    ['a.notexample.com', undefined],
    ['example.com.evil.org', undefined],
    ['127.0.0.1:3000', undefined],
    ['[::1]', undefined],
    ['[::1]:3000', undefined],
  ])('reads the host %s', (host, expected) => {
    expect(choose('/', { Host: host })?.branch).toBe(expected)
  })

  it('says where it found the name, and what a stale cookie falls back to', () => {
    const vary = ['X-Branch', 'Cookie']
    const setCookie = 'branch=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
    expect(choose('/', { 'X-Branch': 'a' })).toEqual({ branch: 'a', source: 'header "X-Branch"', vary })
    expect(choose('/?_branch=a')).toEqual({ branch: 'a', source: 'query parameter "_branch"', vary })
    expect(choose('/', { Cookie: 'branch=a' })).toEqual({
      branch: 'a',
      source: 'cookie "branch"',
      stale: { setCookie, otherwise: undefined },
      vary,
    })
    expect(choose('/', { Cookie: 'branch=a', Host: 's.example.com' })?.stale?.otherwise).toEqual({
      branch: 's',
      source: 'subdomain',
    })
  })

  it('looks nowhere but where it is told to', () => {
    const headers = { 'X-Branch': 'h', Cookie: 'branch=c', Host: 's.example.com' }
    expect(choose('/?_branch=q', headers, { header: 'Other' })).toEqual({ branch: undefined, vary: ['Other'] })
    expect(choose('/?_branch=q', headers, { query: 'other', cookie: undefined })).toBeUndefined()
    expect(choose('/?_branch=q', headers, { cookie: { name: 'branch', path: '/app' } })?.stale?.setCookie).toContain(
      'Path=/app;',
    )
  })
})

describe('fromRequest', () => {
  it('reads the query of the whole URL where a router took its part away', () => {
    const request = { url: '/whose', originalUrl: '/api/whose?_branch=a', headers: {} }
    expect(fromRequest(ALL)(request)?.branch).toBe('a')
  })

  it('reads the host of a Fetch request from its URL if no header says it', () => {
    expect(fromRequest(ALL)(new Request('http://a.example.com:8080/?x=1'))?.branch).toBe('a')
    expect(fromRequest(ALL)(new Request('http://[::1]:8080/'))?.branch).toBeUndefined()
    expect(fromRequest(ALL)({ headers: new Headers() })?.branch).toBeUndefined()
  })

  it("reads HTTP/2's :authority, and a header that came several times as no name", () => {
    const headers = { ':authority': 'a.example.com', host: 'b.example.com' }
    expect(fromRequest(ALL)({ url: '/', headers })?.branch).toBe('a')
    expect(fromRequest(ALL)({ url: '/', headers: { 'x-branch': ['a', 'b'] } })?.branch).toBe('a, b')
  })

  it('I5: reads headers of any class, and a record however its names are spelled', () => {
    const get = (name: string) => (name.toLowerCase() === 'x-branch' ? 'a' : null)
    expect(fromRequest(ALL)({ headers: { get } })?.branch).toBe('a')
    expect(fromRequest(ALL)({ headers: new Map([['x-branch', 'a']]) })?.branch).toBe('a')
    expect(fromRequest(ALL)({ headers: { 'X-BRANCH': 'a' } })?.branch).toBe('a')
    expect(fromRequest(ALL)({ headers: Object.assign(Object.create(null), { 'x-branch': 'a' }) })?.branch).toBe('a')
  })

  it('reads a record that has a header named get', () => {
    expect(fromRequest(ALL)({ headers: { get: 'x', 'x-branch': 'a' } })?.branch).toBe('a')
  })

  it.each<[what: string, headers: unknown]>([
    ['nothing', undefined],
    ['a list', ['X-Branch', 'a']],
    ['a string', 'X-Branch: a'],
    [
      'an object of a class without get()',
      new (class Fields {
        '#x-branch' = 'a'
      })(),
    ],
    ['values that are no strings', { 'x-branch': 42 }],
  ])('refuses headers that it cannot read, which would make the request main’s: %s', (_what, headers) => {
    expect(() => fromRequest(ALL)({ headers } as RequestLike)).toThrow(InvalidOptionError)
  })

  it('needs no headers where none are asked for', () => {
    expect(fromRequest({ query: 'b' })({ url: '/?b=a' } as RequestLike)?.branch).toBe('a')
  })

  it.each<[problem: string, sources: unknown, message: RegExp]>([
    ['none', {}, /at least one of header, query, cookie and subdomain/],
    ['nothing', undefined, /at least one/],
    ['only undefined ones', { header: undefined }, /at least one/],
    ['one it does not know', { headers: 'X-Branch' }, /got "headers"/],
    ['one with an empty name', { header: '' }, /header to be a name, got an empty string/],
    ['one with no name', { query: 42 }, /query to be a name, got 42/],
    ['a cookie with no name', { cookie: { path: '/' } }, /cookie to be a name, got undefined/],
    ['a cookie that is null', { cookie: null }, /cookie to be a name/],
  ])('refuses sources at once: %s', (_problem, sources, message) => {
    const attempt = () => fromRequest(sources as RequestSources)
    expect(attempt).toThrow(InvalidOptionError)
    expect(attempt).toThrow(message)
  })
})

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
