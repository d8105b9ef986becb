import { expect, it } from 'vitest'
import type { StartApplication } from '../kit/application.ts'
import { get } from '../kit/http-client.ts'
import { serve } from '../kit/served.ts'

const SOURCES = ['X-Branch', 'Cookie']

export function variesBySource(start: StartApplication): void {
  it('by the header and the cookie that can name it, whether or not they did, and not by the URL', async () => {
    const { origin } = await serve(start, ['a'])
    const requests: [path: string, headers: Record<string, string>, status: number][] = [
      ['/whose', { 'X-Branch': 'a' }, 200],
      ['/whose', { Cookie: 'branch=a' }, 200],
      ['/whose', {}, 200],
      ['/whose?_branch=a', { Host: 'a.example.com' }, 200],
      ['/whose', { 'X-Branch': 'gone' }, 400],
      ['/stream?ms=1', { 'X-Branch': 'a' }, 200],
      ['/throws', { 'X-Branch': 'a' }, 500],
    ]
    for (const [path, headers, status] of requests) {
      const answer = await get(origin + path, { headers })
      expect(answer.status).toBe(status)
      expect(fields(answer.headers.vary), `${path} ${JSON.stringify(headers)}`).toEqual(SOURCES)
    }
  })

  it('beside what the handler says itself', async () => {
    const { origin } = await serve(start, ['a'])
    const { headers, text } = await get(`${origin}/varies`, { headers: { 'X-Branch': 'a' } })
    expect(text).toBe('{"branch":"a"}')
    expect(fields(headers.vary).sort()).toEqual(['Accept', ...SOURCES].sort())
  })
}

const fields = (vary: string | undefined) => vary?.split(', ') ?? []
