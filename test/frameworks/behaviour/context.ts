import { expect, it } from 'vitest'
import type { StartApplication } from '../kit/application.ts'
import { answer, begin, get } from '../kit/http-client.ts'
import { eventually, nothingLeft, type Served, serve } from '../kit/served.ts'

const BRANCHES = ['a', 'b']

export function keepsTheContext(start: StartApplication): void {
  it('behind the body parser', async () => {
    const served = await serve(start, BRANCHES)
    const answers = await Promise.all(BRANCHES.map((branch) => postSlowly(served, '/whose', branch)))
    expect(answers).toEqual(BRANCHES.map((branch) => ({ branch, sent: { from: branch } })))
    await nothingLeft(served)
  })

  it('in listeners of the request', async () => {
    const served = await serve(start, BRANCHES)
    const answers = await Promise.all(BRANCHES.map((branch) => postSlowly(served, '/listen', branch)))
    expect(answers).toEqual(BRANCHES.map((branch) => ({ branch })))
    await nothingLeft(served)
  })

  it.each(['/throws', '/rejects'])('in the error handler, after %s', async (path) => {
    const served = await serve(start, BRANCHES)
    const answers = await Promise.all(
      BRANCHES.map((branch) => get(served.origin + path, { headers: { 'X-Branch': branch } })),
    )
    const expected = BRANCHES.map((branch) => [500, JSON.stringify({ branch })])
    expect(answers.map(({ status, text }) => [status, text])).toEqual(expected)
    await nothingLeft(served)
    // One unit for each request, and one pool: the handler's query and the error handler's are in the same unit.
    expect(served.units.begun).toBe(BRANCHES.length)
  })

  it('in a stream that is read as it is sent', async () => {
    const served = await serve(start, BRANCHES)
    const answers = await Promise.all(
      BRANCHES.map((branch) => get(`${served.origin}/stream?lines=5`, { headers: { 'X-Branch': branch } })),
    )
    for (const [i, { status, text }] of answers.entries()) {
      const lines = text.trim().split('\n')
      expect(status).toBe(200)
      expect(lines).toEqual(Array(5).fill(JSON.stringify({ branch: BRANCHES[i] })))
    }
    await nothingLeft(served)
  })

  it('after the answer', async () => {
    const served = await serve(start, BRANCHES)
    await get(`${served.origin}/late?ms=100`, { headers: { 'X-Branch': 'a' } })
    await eventually(() => served.late).toEqual([{ branch: 'a' }])
    await nothingLeft(served)
  })
}

/** Sends the body when the unit has begun: what reads it is called by the socket, not by the middleware. */
async function postSlowly({ origin, units }: Served, path: string, branch: string): Promise<unknown> {
  const headers = { 'X-Branch': branch, 'Content-Type': 'application/json' }
  const call = begin(origin + path, { method: 'POST', headers })
  await eventually(() => units.begun).toEqual(BRANCHES.length)
  const { status, text } = await answer(call, JSON.stringify({ from: branch }))
  expect(status).toBe(200)
  return JSON.parse(text)
}
