import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve as listen } from '@hono/node-server'
import { Hono } from 'hono'
import { etag } from 'hono/etag'
import { streamSSE } from 'hono/streaming'
import { describe, expect, it, onTestFinished } from 'vitest'
import { branchMiddleware, fromRequest } from '../../src/hono.ts'
import { postgresBranches, whose } from '../postgres/kit.ts'
import { startHono } from './applications/hono.ts'
import { behavesAsRequests } from './behaviour.ts'
import { countUnits } from './kit/counted-units.ts'
import { begin, get, head } from './kit/http-client.ts'
import { eventually } from './kit/served.ts'

behavesAsRequests('Hono', startHono)

const ON_A = { headers: { 'X-Branch': 'a' } }
const ONCE = { begun: 1, ended: 1 }
const CLEARED = 'branch=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT'

/** No name of a branch. */
const NOWHERE = '..'

async function application() {
  const { prisma, units } = countUnits((await postgresBranches(['a', 'b'])).prisma)
  const middleware = branchMiddleware(prisma, { branch: fromRequest({ header: 'X-Branch', cookie: 'branch' }) })
  return { prisma, units, app: new Hono(), middleware }
}

/** Bytes without an end, as fast as they are read. */
function endless() {
  const seen = { pulled: 0, cancelled: 0 }
  const pull = (controller: ReadableStreamDefaultController) => {
    seen.pulled++
    controller.enqueue(new Uint8Array(10_000))
  }
  const cancel = () => {
    seen.cancelled++
  }
  return { seen, body: new ReadableStream({ pull, cancel }, { highWaterMark: 0 }) }
}

describe('Without a server', () => {
  it('the unit of an answer that nobody reads ends', async () => {
    const { prisma, units, app, middleware } = await application()
    app.use(middleware).get('/', async (c) => c.json({ branch: await whose(prisma) }))
    expect((await app.request('/', ON_A)).status).toBe(200)
    await eventually(() => units).toEqual(ONCE)
  })

  it('the unit ends of a HEAD request, of which Hono drops the body', async () => {
    const { units, app, middleware } = await application()
    const { body, seen } = endless()
    app.use(middleware).get('/', (c) => c.body(body))
    expect((await app.request('/', { ...ON_A, method: 'HEAD' })).body).toBeNull()
    await eventually(() => units).toEqual(ONCE)
    expect(seen.cancelled).toBe(1)
  })

  it('the unit ends of an answer that a middleware further out replaces by 304', async () => {
    const { prisma, units, app, middleware } = await application()
    app.use(etag(), middleware).get('/', async (c) => c.json({ branch: await whose(prisma) }))
    const first = await app.request('/', ON_A)
    const tag = first.headers.get('etag') ?? ''
    const second = await app.request('/', { headers: { ...ON_A.headers, 'If-None-Match': tag } })
    expect([first.status, second.status]).toEqual([200, 304])
    await eventually(() => units).toEqual({ begun: 2, ended: 2 })
  })

  it('headers that are set before, inside and after the middleware are all there', async () => {
    const { app, middleware } = await application()
    app.use(async (c, next) => {
      c.header('X-Before', '1')
      await next()
      c.header('X-After', '1')
    })
    app.use(middleware).get('/', (c) => {
      c.header('Set-Cookie', 'mine=1', { append: true })
      return c.body('x', 201, { 'X-Inside': '1' })
    })
    const { status, headers } = await app.request('/', ON_A)
    expect(status).toBe(201)
    expect(Object.fromEntries(headers)).toMatchObject({ 'x-before': '1', 'x-inside': '1', 'x-after': '1' })
    expect(headers.getSetCookie()).toEqual(['mine=1'])
  })

  it('a refused request keeps the headers that are set outside of the middleware', async () => {
    const { app, middleware } = await application()
    app.use(async (c, next) => {
      c.header('Access-Control-Allow-Origin', '*')
      await next()
    })
    app.use(middleware).get('/', (c) => c.text('reached'))
    const { status, headers } = await app.request('/', { headers: { 'X-Branch': NOWHERE } })
    expect([status, headers.get('access-control-allow-origin')]).toEqual([400, '*'])
    expect(headers.get('content-type')).toBe('application/problem+json')
  })

  it('a stale cookie is cleared beside the cookies of the handler, also in a redirect', async () => {
    const { app, middleware } = await application()
    app.use(middleware).get('/', (c) => c.text('x', 200, { 'Set-Cookie': 'mine=1' }))
    // Its headers cannot be changed.
    app.get('/moved', () => Response.redirect('http://localhost/', 302))
    const stale = { headers: { Cookie: `branch=${NOWHERE}` } }
    expect((await app.request('/', stale)).headers.getSetCookie()).toEqual(['mine=1', CLEARED])
    expect((await app.request('/moved', stale)).headers.getSetCookie()).toEqual([CLEARED])
  })

  it('the choice of the branch gets the context, with what middleware before it found', async () => {
    const { prisma } = await application()
    const app = new Hono<{ Variables: { tenant: string } }>()
    app.use(async (c, next) => {
      c.set('tenant', 'b')
      await next()
    })
    app.use(branchMiddleware(prisma, { branch: (_request, c) => c.get('tenant') }))
    app.get('/', async (c) => c.text(await whose(prisma)))
    expect(await (await app.request('/')).text()).toBe('b')
  })

  it('of two middlewares, one inside the other, the inner one chooses', async () => {
    const { prisma, units, app, middleware } = await application()
    app.use(middleware)
    app.use('/b/*', branchMiddleware(prisma, { branch: () => 'b' }))
    app.get('/b/stream', (c) => {
      const pull = async (controller: ReadableStreamDefaultController) => {
        controller.enqueue(new TextEncoder().encode(await whose(prisma)))
        controller.close()
      }
      return c.body(new ReadableStream({ pull }, { highWaterMark: 0 }))
    })
    expect(await (await app.request('/b/stream', ON_A)).text()).toBe('b')
    await eventually(() => units).toEqual({ begun: 2, ended: 2 })
  })
})

describe('On a server', () => {
  async function serve(app: Hono): Promise<string> {
    const server = listen({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('a stream keeps back pressure, and ends when its client is gone', async () => {
    const { units, app, middleware } = await application()
    const { body, seen } = endless()
    app.use(middleware).get('/', (c) => c.body(body))
    const call = begin(await serve(app), ON_A).end()
    call.on('error', () => {})
    const response = await head(call)
    // What fills the socket's buffers, and then nothing more.
    let before: number
    do {
      before = seen.pulled
      await new Promise((resolve) => setTimeout(resolve, 200))
    } while (seen.pulled !== before)
    expect(units).toEqual({ begun: 1, ended: 0 })
    response.on('error', () => {})
    call.destroy()
    await eventually(() => units).toEqual(ONCE)
    await eventually(() => seen.cancelled).toEqual(1)
  })

  it('server-sent events are on the branch, each as soon as it is sent', async () => {
    const { prisma, units, app, middleware } = await application()
    let goOn = () => {}
    app.use(middleware).get('/', (c) =>
      streamSSE(c, async (events) => {
        await events.writeSSE({ data: await whose(prisma) })
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
        await events.writeSSE({ data: await whose(prisma) })
      }),
    )
    const response = await head(begin(await serve(app), ON_A).end())
    expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' })
    const chunks = response[Symbol.asyncIterator]()
    expect(String((await chunks.next()).value)).toBe('data: a\n\n')
    expect(units).toEqual({ begun: 1, ended: 0 })
    goOn()
    expect(String((await chunks.next()).value)).toBe('data: a\n\n')
    expect((await chunks.next()).done).toBe(true)
    await eventually(() => units).toEqual(ONCE)
  })

  it('an answer of one chunk that says it is chunked has no length beside that', async () => {
    const { app, middleware } = await application()
    app.use(middleware).get('/', (c) => c.body(new Blob(['x']).stream(), 200, { 'Transfer-Encoding': 'chunked' }))
    const { headers, text } = await get(await serve(app), ON_A)
    expect([headers['transfer-encoding'], headers['content-length'], text]).toEqual(['chunked', undefined, 'x'])
  })

  it('an answer has the length and type that it has without the middleware', async () => {
    const { app, middleware } = await application()
    app.get('/without', (c) => c.json({ text: 'häh' }))
    app.get('/with', middleware, (c) => c.json({ text: 'häh' }))
    const origin = await serve(app)
    const [without, inside] = await Promise.all(['/without', '/with'].map((path) => get(origin + path, ON_A)))
    const about = ({ status, headers, text }: Awaited<ReturnType<typeof get>>) => {
      const { date, ...others } = headers
      return { status, others, text }
    }
    if (without === undefined || inside === undefined) throw new Error('There is no answer')
    const expected = about(without)
    Object.assign(expected.others, { vary: 'X-Branch, Cookie' })
    expect(about(inside)).toEqual(expected)
    expect(inside.headers['content-length']).toBe('15')
  })
})
