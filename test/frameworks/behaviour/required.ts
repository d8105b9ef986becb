import { expect, it } from 'vitest'
import type { StartApplication } from '../kit/application.ts'
import { get } from '../kit/http-client.ts'
import { serve } from '../kit/served.ts'

const NAMELESS: [description: string, path: string, headers: Record<string, string>][] = [
  ['that names none', '/whose', {}],
  ['that names main by an empty query parameter', '/whose?_branch=', {}],
  ['whose cookie is stale', '/whose', { Cookie: 'branch=gone' }],
]

const PROBLEM = {
  type: 'about:blank',
  title: 'Bad Request',
  status: 400,
  detail: 'The request names no branch',
  code: 'BRANCH_REQUIRED',
}

export function requiresABranch(start: StartApplication): void {
  it.each([
    ['of a client that requires a branch', { requireBranch: true }],
    ['of any client with main: false', { main: false }],
  ])('refuses a request without a branch, %s', async (_whose, middleware) => {
    const { origin, units, database } = await serve(start, ['a'], {}, middleware)
    for (const [description, path, headers] of NAMELESS) {
      const { status, headers: answered, text } = await get(origin + path, { headers })
      expect([status, answered['content-type']], description).toEqual([400, 'application/problem+json'])
      expect(JSON.parse(text), description).toEqual(PROBLEM)
      const cleared = 'branch=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
      expect(answered['set-cookie'], description).toEqual(headers.Cookie === undefined ? undefined : [cleared])
    }
    expect(units.begun).toBe(0)
    expect(await database.connections()).toBe(0)
    expect((await get(`${origin}/whose`, { headers: { 'X-Branch': 'a' } })).text).toBe('{"branch":"a"}')
  })

  it('of a client that requires a branch, with main: true', async () => {
    const { origin } = await serve(start, ['a'], {}, { requireBranch: true, main: true })
    for (const [description, path, headers] of NAMELESS) {
      const { status, text } = await get(origin + path, { headers })
      expect([status, text], description).toEqual([200, '{"branch":"main"}'])
    }
  })
}
