import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, constants, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import Koa, { type Context } from 'koa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { InvalidOptionError } from '../../src/index.ts'
import { branchMiddleware, fromRequest } from '../../src/koa.ts'
import { pause, whose } from '../postgres/kit.ts'
import { startKoa } from './applications/koa.ts'
import { behavesAsRequests } from './behaviour.ts'
import type { Client, StartApplication } from './kit/application.ts'
import { begin, get, head } from './kit/http-client.ts'
import { lines } from './kit/lines.ts'
import { listen } from './kit/node-server.ts'
import { eventually, nothingLeft, serve } from './kit/served.ts'

behavesAsRequests('Koa', startKoa)

const ON_A = { headers: { 'X-Branch': 'a' } }

describe('branchMiddleware of Koa', () => {
  it.each<[string, (prisma: Client) => unknown]>([
    ['a Node stream', (prisma) => Readable.from(lines(prisma, 3))],
    ['a web stream', (prisma) => ReadableStream.from(lines(prisma, 3))],
    [
      'a Fetch response',
      (prisma) => new Response(ReadableStream.from(lines(prisma, 3)).pipeThrough(new TextEncoderStream())),
    ],
  ])('keeps %s on its branch while it is sent', async (_body, body) => {
    const start = application((app, prisma) => {
      app.use((context) => {
        context.body = body(prisma)
      })
    })
    const served = await serve(start, ['a'])
    const { status, text } = await get(served.origin, ON_A)
    expect([status, text.trim().split('\n')]).toEqual([200, Array(3).fill('{"branch":"a"}')])
    await nothingLeft(served)
    expect([served.units, served.pools]).toEqual([
      { begun: 1, ended: 1 },
      { opened: 1, closed: 1 },
    ])
  })

  it('keeps the clean-up of a stream on its branch when its client is gone', async () => {
    const read: string[] = []
    const start = application((app, prisma) => {
      async function* endless() {
        try {
          for (;;) yield `${await whose(prisma)}\n${await pause(20)}`
        } finally {
          read.push(await whose(prisma))
        }
      }
      app.use((context) => {
        context.body = Readable.from(endless())
      })
    })
    const served = await serve(start, ['a'])
    const call = begin(served.origin, ON_A).end()
    const response = await head(call)
    response.on('error', () => {})
    await once(response, 'data')
    call.destroy()
    await eventually(() => read).toEqual(['a'])
    await nothingLeft(served)
  })

  it('keeps a stream readable by middleware around it, which then sends something else', async () => {
    const start: StartApplication = ({ prisma, branch }) => {
      const app = new Koa()
      app.use(async (context, next) => {
        await next()
        context.body = { rows: await Readable.from(context.body as Readable).toArray() }
      })
      app.use(branchMiddleware(prisma, { branch }))
      app.use((context) => {
        context.body = Readable.from(lines(prisma, 2))
      })
      return listen(createServer(app.callback()), prisma)
    }
    const served = await serve(start, ['a'])
    const { text } = await get(served.origin, ON_A)
    expect(new Set(JSON.parse(text).rows)).toEqual(new Set(['{"branch":"a"}\n']))
    await nothingLeft(served)
  })

  it("keeps the application's error listener on the branch", async () => {
    const read: string[] = []
    const start = application((app, prisma) => {
      app.on('error', async () => read.push(await whose(prisma)))
      app.use(() => {
        throw new Error('Thrown')
      })
    })
    const served = await serve(start, ['a'])
    expect((await get(served.origin, ON_A)).status).toBe(500)
    await eventually(() => read).toEqual(['a'])
    await nothingLeft(served)
  })

  it('is overruled by another inside it, in a stream and in the error listener too', async () => {
    const read: string[] = []
    const start = application((app, prisma) => {
      const branch = ({ path }: Context) => path.slice(1)
      app.on('error', async () => read.push(await whose(prisma)))
      app.use(branchMiddleware(prisma, { branch }))
      app.use((context) => {
        if (context.query.throw !== undefined) throw new Error('Thrown')
        context.body = context.query.web === undefined ? Readable.from(lines(prisma, 2)) : web(prisma)
      })
    })
    const web = (prisma: Client) => ReadableStream.from(lines(prisma, 2))
    const served = await serve(start, ['a', 'b'])
    for (const path of ['/b', '/b?web']) {
      const { text } = await get(served.origin + path, ON_A)
      expect(new Set(text.trim().split('\n'))).toEqual(new Set(['{"branch":"b"}']))
    }
    await get(`${served.origin}/b?throw`, ON_A)
    await eventually(() => read).toEqual(['b'])
    await nothingLeft(served)
    expect(served.units).toEqual({ begun: 6, ended: 6 })
  })

  it('lets middleware before it go on when the handler is done, not when the response is', async () => {
    const order: string[] = []
    const start: StartApplication = ({ prisma, branch }) => {
      const app = new Koa()
      app.use(async (context, next) => {
        context.res.on('finish', () => order.push('sent'))
        await next()
        order.push('after')
      })
      app.use(branchMiddleware(prisma, { branch }))
      app.use(async (context) => {
        context.body = await whose(prisma)
        order.push('handled')
      })
      return listen(createServer(app.callback()), prisma)
    }
    const served = await serve(start, ['a'])
    expect((await get(served.origin, ON_A)).text).toBe('a')
    await eventually(() => order).toEqual(['handled', 'after', 'sent'])
    await nothingLeft(served)
  })

  it('serves HTTP/2, and ends the unit of a client that was gone before its branch was known', async () => {
    let choose: ((branch: string) => void) | undefined
    let gone = false
    const start: StartApplication = async ({ prisma, branch }) => {
      const app = new Koa()
      app.silent = true
      app.use((context, next) => {
        context.res.on('close', () => {
          gone = context.path === '/wait'
        })
        return next()
      })
      const choice = (context: Context) =>
        context.path === '/wait' ? new Promise<string>((resolve) => (choose = resolve)) : branch(context)
      app.use(branchMiddleware(prisma, { branch: choice }))
      app.use((context) => {
        context.body = Readable.from(lines(prisma, 2))
      })
      const server = createHttp2Server(app.callback())
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      return { url: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(() => resolve())) }
    }
    const served = await serve(start, ['a', 'b'])
    const session = connect(served.origin)
    onTestFinished(() => session.destroy())
    for (const headers of [{ 'x-branch': 'a' }, { ':authority': 'a.example.com' }]) {
      const rows = await readText(session.request({ ':path': '/', ...headers }).setEncoding('utf8'))
      expect(new Set(rows.trim().split('\n'))).toEqual(new Set(['{"branch":"a"}']))
    }
    const call = session.request({ ':path': '/wait' })
    await eventually(() => typeof choose).toEqual('function')
    call.close(constants.NGHTTP2_CANCEL)
    await eventually(() => gone).toEqual(true)
    choose?.('b')
    await eventually(() => served.units).toEqual({ begun: 3, ended: 3 })
    await nothingLeft(served)
  })

  it.each<[string, () => Promise<string> | string]>([
    [
      'throws',
      () => {
        throw new Error('Thrown')
      },
    ],
    ['rejects', () => Promise.reject(new Error('Rejected'))],
  ])('hands the error to the application if the branch function %s', async (_how, branch) => {
    const errors: unknown[] = []
    const start: StartApplication = ({ prisma }) => {
      const app = new Koa()
      app.on('error', (error) => errors.push(error))
      app.use(branchMiddleware(prisma, { branch }))
      return listen(createServer(app.callback()), prisma)
    }
    const served = await serve(start, ['a'])
    expect((await get(served.origin)).status).toBe(500)
    expect([errors.length, served.units.begun]).toEqual([1, 0])
  })

  it('refuses a client without branches and bad options at once', () => {
    expect(() => branchMiddleware({} as Client, { branch: fromRequest({ header: 'X-Branch' }) })).toThrow(
      InvalidOptionError,
    )
    const client = { $withBranch: () => Promise.reject(new Error('Not called')) }
    expect(() => branchMiddleware(client, { branch: 'a' as never })).toThrow(InvalidOptionError)
  })
})

/** With the middleware before everything else. */
function application(define: (app: Koa, prisma: Client) => void): StartApplication {
  return ({ prisma, branch }) => {
    const app = new Koa()
    app.silent = true
    app.use(branchMiddleware(prisma, { branch }))
    define(app, prisma)
    return listen(createServer(app.callback()), prisma)
  }
}
