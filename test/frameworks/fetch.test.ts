import { expect, it } from 'vitest'
import { branchHandler, fromRequest } from '../../src/fetch.ts'
import { postgresBranches, whose } from '../postgres/kit.ts'
import { type CountedUnits, countUnits } from './kit/counted-units.ts'
import { eventually } from './kit/served.ts'

const branch = fromRequest({ header: 'X-Branch', query: '_branch', cookie: 'branch' })

const onA = (init: RequestInit = {}) => new Request('http://localhost/', { headers: { 'X-Branch': 'a' }, ...init })

const ONCE: CountedUnits = { begun: 1, ended: 1 }

async function client() {
  const { prisma, database } = await postgresBranches(['a', 'b'])
  return { ...countUnits(prisma), database }
}

it('answers as the handler does, on the branch of the request', async () => {
  const { prisma, units } = await client()
  const answer = async () => {
    const init = { status: 201, statusText: 'Made', headers: { 'X-Mine': '1', 'Content-Type': 'text/x-branch' } }
    return new Response(await whose(prisma), init)
  }
  const response = await branchHandler(prisma, { branch }, answer)(onA())
  expect(response).toMatchObject({ status: 201, statusText: 'Made' })
  const own = { 'x-mine': '1', 'content-type': 'text/x-branch' }
  expect(Object.fromEntries(response.headers)).toEqual({ ...own, vary: 'X-Branch, Cookie' })
  await eventually(() => units).toEqual(ONCE)
  expect(await response.text()).toBe('a')
  expect(units).toEqual(ONCE)
})

it('gives the handler, and the choice of the branch, all that it is called with', async () => {
  const { prisma } = await client()
  interface Route {
    params: { tenant: string }
  }
  const handler = branchHandler(
    prisma,
    { branch: (_request, { params }) => params.tenant },
    async (request: Request, { params }: Route) => Response.json([request.method, params.tenant, await whose(prisma)]),
  )
  const response = await handler(onA(), { params: { tenant: 'b' } })
  expect(await response.json()).toEqual(['GET', 'b', 'b'])
})

it('runs what a stream reads on the branch, whoever pulls, and ends the unit with the stream', async () => {
  const { prisma, units } = await client()
  const encoder = new TextEncoder()
  let left = 5
  const streaming = () => {
    const pull = async (controller: ReadableStreamDefaultController) => {
      if (left-- === 0) controller.close()
      else controller.enqueue(encoder.encode(`${await whose(prisma)} `))
    }
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers: { 'Content-Length': '10' } })
  }
  const response = await branchHandler(prisma, { branch }, streaming)(onA())
  expect(response.headers.get('content-length')).toBe('10')
  expect(units).toEqual({ begun: 1, ended: 0 })
  expect(await prisma.$withBranch('b', () => response.text())).toBe('a a a a a ')
  await eventually(() => units).toEqual({ begun: 2, ended: 2 })
})

it('ends the unit when the reader cancels, after what the stream cleans up', async () => {
  const { prisma, units } = await client()
  let cleanedUp: string | undefined
  const endless = () => {
    const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(10))
    const cancel = async () => {
      cleanedUp = await whose(prisma)
      expect(units.ended).toBe(0)
    }
    return new Response(new ReadableStream({ pull, cancel }))
  }
  const response = await branchHandler(prisma, { branch }, endless)(onA())
  await response.body?.cancel()
  expect(cleanedUp).toBe('a')
  await eventually(() => units).toEqual(ONCE)
})

it('ends the unit when the stream fails', async () => {
  const { prisma, units } = await client()
  async function* failing() {
    yield new TextEncoder().encode(await whose(prisma))
    await whose(prisma)
    throw new Error('Broken')
  }
  const response = await branchHandler(prisma, { branch }, () => new Response(ReadableStream.from(failing())))(onA())
  await expect(response.text()).rejects.toThrow('Broken')
  await eventually(() => units).toEqual(ONCE)
})

it.each([
  [
    'throws',
    () => {
      throw new Error('Mine')
    },
  ],
  ['rejects', () => Promise.reject(new Error('Mine'))],
])('ends the unit when the handler %s, and passes that on', async (_how, handler) => {
  const { prisma, units } = await client()
  await expect(branchHandler(prisma, { branch }, handler)(onA())).rejects.toThrow('Mine')
  await eventually(() => units).toEqual(ONCE)
})

it('ends the unit when the request is aborted; the handler goes on, on the branch', async () => {
  const { prisma, units } = await client()
  const aborting = new AbortController()
  let goOn = () => {}
  const handler = async () => {
    await new Promise<void>((resolve) => {
      goOn = resolve
    })
    return new Response(await whose(prisma))
  }
  const answered = branchHandler(prisma, { branch }, handler)(onA({ signal: aborting.signal }))
  await eventually(() => units).toEqual({ begun: 1, ended: 0 })
  aborting.abort()
  await eventually(() => units).toEqual(ONCE)
  goOn()
  expect(await (await answered).text()).toBe('a')
  expect(units).toEqual(ONCE)
})

it('ends the unit of a request that is aborted already', async () => {
  const { prisma, units } = await client()
  const handler = () => new Response(new ReadableStream())
  await branchHandler(prisma, { branch }, handler)(onA({ signal: AbortSignal.abort() }))
  await eventually(() => units).toEqual(ONCE)
})

it.each([204, 304])('leaves a response of status %i without a body as it is', async (status) => {
  const { prisma, units } = await client()
  const given = new Response(null, { status })
  expect(await branchHandler(prisma, { branch }, () => given)(onA())).toBe(given)
  await eventually(() => units).toEqual(ONCE)
})

it('cancels a stream that answers HEAD, and keeps its headers', async () => {
  const { prisma, units } = await client()
  let cancelled = false
  const endless = () => {
    const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(10))
    const cancel = () => {
      cancelled = true
    }
    return new Response(new ReadableStream({ pull, cancel }), { headers: { 'Content-Length': '1000' } })
  }
  const response = await branchHandler(prisma, { branch }, endless)(onA({ method: 'HEAD' }))
  expect([response.body, response.headers.get('content-length')]).toEqual([null, '1000'])
  expect(cancelled).toBe(true)
  await eventually(() => units).toEqual(ONCE)
})

it('refuses a branch that is not there, and does not call the handler', async () => {
  const { prisma, units, database } = await client()
  const unreached = () => {
    throw new Error('Reached')
  }
  const gone = new Request('http://localhost/?_branch=%2e%2e')
  const response = await branchHandler(prisma, { branch }, unreached)(gone)
  expect(response.status).toBe(400)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(await response.json()).toMatchObject({ status: 400, code: 'BRANCH_INVALID_NAME' })
  expect(units.begun).toBe(0)
  expect(await database.connections()).toBe(0)
})

it.each([
  ['a response', () => new Response('x', { headers: { 'Set-Cookie': 'mine=1' } }), 200, ['mine=1']],
  ['a redirect, whose headers cannot be changed', () => Response.redirect('http://localhost/login', 302), 302, []],
])('goes on without a stale cookie, and clears it in %s', async (_what, handler, status, cookies) => {
  const { prisma } = await client()
  const stale = new Request('http://localhost/', { headers: { Cookie: 'branch=..' } })
  const response = await branchHandler(prisma, { branch }, handler)(stale)
  const cleared = 'branch=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
  expect(response.status).toBe(status)
  expect(response.headers.getSetCookie()).toEqual([...cookies, cleared])
})

it('rejects with what choosing the branch throws', async () => {
  const { prisma, units } = await client()
  const failing = async () => {
    throw new Error('No session')
  }
  await expect(branchHandler(prisma, { branch: failing }, () => new Response())(onA())).rejects.toThrow('No session')
  expect(units.begun).toBe(0)
})
