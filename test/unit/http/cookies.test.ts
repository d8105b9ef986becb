import { describe, expect, it } from 'vitest'
import { clearCookie, readCookie } from '../../../src/http/cookies.ts'

describe('a cookie', () => {
  it.each<[header: string | undefined, expected: string | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['branch', undefined],
    ['xbranch=a; branchx=b', undefined],
    ['BRANCH=a', undefined],
    ['branch=', ''],
    ['branch=""', ''],
    ['branch=a', 'a'],
    ['x=1;branch=a;y=2', 'a'],
    ['x=1;  branch = a ; y=2', 'a'],
    ['branch=a; branch=b', 'a'],
    ['branch=a=b', 'a=b'],
    ['branch="a b"', 'a b'],
    ['branch="', '"'],
    ['branch=a%20b%2Fc', 'a b/c'],
    ['branch=%', '%'],
    ['branch=%zz%41', '%zz%41'],
    ['branch=%ff', '%ff'],
  ])('in the header %j has the value %j', (header, expected) => {
    expect(readCookie(header, 'branch')).toBe(expected)
  })

  it('is cleared with the path and the domain that it was set with', () => {
    const gone = 'Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
    expect(clearCookie({ name: 'branch' })).toBe(`branch=; Path=/; ${gone}`)
    const scoped = { name: 'branch', path: '/app', domain: 'example.com' }
    expect(clearCookie(scoped)).toBe(`branch=; Path=/app; Domain=example.com; ${gone}`)
  })

  it.each(['__Host-branch', '__Secure-branch'])('called %s is cleared as secure: browsers take no other', (name) => {
    expect(clearCookie({ name })).toMatch(/^__\w+-branch=; Path=\/; Max-Age=0; .*; Secure$/)
  })
})
