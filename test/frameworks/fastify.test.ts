import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import websocket from '@fastify/websocket'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { branchPlugin, fromRequest } from '../../src/fastify.ts'
import { UnitOfWork } from '../../src/units/unit-of-work.ts'
import { postgresBranches, whose } from '../postgres/kit.ts'
import { startFastify } from './applications/fastify.ts'
import { behavesAsRequests } from './behaviour.ts'
import { countUnits } from './kit/counted-units.ts'
import { begin, get } from './kit/http-client.ts'
import { lines } from './kit/lines.ts'
import { eventually } from './kit/served.ts'

behavesAsRequests('Fastify', startFastify)

const branch = fromRequest({ header: 'X-Branch', cookie: 'branch' })
const ON_A = { headers: { 'x-branch': 'a' } }
const ONCE = { begun: 1, ended: 1 }

async function application() {
  const { prisma, units } = countUnits((await postgresBranches(['a', 'b'])).prisma)
  const app = fastify({ forceCloseConnections: true })
  onTestFinished(() => app.close())
  const answer = async ({ branch }: FastifyRequest) => ({ branch, whose: await whose(prisma) })
  return { prisma, units, app, answer }
}

describe('branchPlugin', () => {
  it('applies to the scope that it is registered in and those within, and not to those outside', async () => {
    const { prisma, units, app, answer } = await application()
    await app.register(async (outer) => {
      await outer.register(branchPlugin, { prisma, branch })
      outer.get('/inside', answer)
      outer.register(async (inner) => inner.get('/further-in', answer))
    })
    app.get('/outside', answer)
    expect((await app.inject({ url: '/inside', ...ON_A })).json()).toEqual({ branch: 'a', whose: 'a' })
    expect((await app.inject({ url: '/further-in', ...ON_A })).json()).toEqual({ branch: 'a', whose: 'a' })
    expect((await app.inject({ url: '/outside', ...ON_A })).json()).toEqual({ whose: 'main' })
    expect(units.begun).toBe(2)
  })

  it('registered once more in a scope within, applies there alone: the outer one neither chooses nor refuses', async () => {
    const { prisma, units, app, answer } = await application()
    await app.register(branchPlugin, { prisma, branch })
    app.get('/outer', answer)
    await app.register(async (scope) => {
      await scope.register(branchPlugin, { prisma, branch: () => 'b' })
      scope.get('/inner', answer)
    })
    expect((await app.inject({ url: '/outer', ...ON_A })).json()).toEqual({ branch: 'a', whose: 'a' })
    expect((await app.inject({ url: '/inner', ...ON_A })).json()).toEqual({ branch: 'b', whose: 'b' })
    expect((await app.inject({ url: '/inner', headers: { 'x-branch': '..' } })).json()).toMatchObject({ whose: 'b' })
    expect((await app.inject({ url: '/outer', headers: { 'x-branch': '..' } })).statusCode).toBe(400)
    expect(units).toEqual({ begun: 3, ended: 3 })
  })

  it('registered for two clients, applies to both', async () => {
    const { prisma, app } = await application()
    const { prisma: other } = await postgresBranches(['b'])
    await app.register(branchPlugin, { prisma: other, branch: () => 'b' })
    await app.register(branchPlugin, { prisma, branch })
    app.get('/', async ({ branch }) => [branch, await whose(prisma), await whose(other)])
    expect((await app.inject({ url: '/', ...ON_A })).json()).toEqual(['a', 'a', 'b'])
  })

  it('applies to routes that are not there, too', async () => {
    const { prisma, app, answer } = await application()
    await app.register(branchPlugin, { prisma, branch })
    app.setNotFoundHandler(answer)
    expect((await app.inject({ url: '/nowhere', ...ON_A })).json()).toEqual({ branch: 'a', whose: 'a' })
  })

  it('refuses a client without branches when it is registered', async () => {
    const { app } = await application()
    const registered = async () => app.register(branchPlugin, { prisma: {} as never, branch })
    await expect(registered()).rejects.toMatchObject({ code: 'BRANCH_INVALID_OPTION' })
  })

  it('leaves an error of the choice to the error handler', async () => {
    const { prisma, units, app, answer } = await application()
    const failing = () => {
      throw new Error('No session')
    }
    await app.register(branchPlugin, { prisma, branch: failing })
    app.get('/', answer)
    expect((await app.inject('/')).json()).toMatchObject({ statusCode: 500, message: 'No session' })
    expect(units.begun).toBe(0)
  })
})

describe('A unit of work', () => {
  it('holds every hook of a request', async () => {
    const { prisma, units, app } = await application()
    const seen: [string, string][] = []
    const see = (hook: string) => async () => {
      seen.push([hook, await whose(prisma)])
    }
    await app.register(branchPlugin, { prisma, branch })
    app.addHook('onRequest', see('onRequest'))
    app.addHook('preParsing', see('preParsing'))
    app.addHook('preValidation', see('preValidation'))
    app.addHook('preHandler', see('preHandler'))
    app.addHook('preSerialization', see('preSerialization'))
    app.addHook('onError', see('onError'))
    app.addHook('onSend', see('onSend'))
    app.addHook('onResponse', see('onResponse'))
    app.addContentTypeParser('text/x-branch', async () => whose(prisma))
    app.post('/', async ({ body }) => ({ body }))
    app.post('/fails', async () => {
      throw new Error('Failed')
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const send = async (path: string) => {
      const call = begin(url + path, { method: 'POST', headers: { 'X-Branch': 'a', 'Content-Type': 'text/x-branch' } })
      call.end('x')
      const [response] = await once(call, 'response')
      return JSON.parse(String((await response.toArray()).join('')))
    }
    const before = ['onRequest', 'preParsing', 'preValidation', 'preHandler']
    const expected = (hook: string) => [...before, hook, 'onSend', 'onResponse'].map((hook) => [hook, 'a'])
    expect(await send('/')).toEqual({ body: 'a' })
    await eventually(() => seen).toEqual(expected('preSerialization'))
    seen.length = 0
    await send('/fails')
    await eventually(() => seen).toEqual(expected('onError'))
    await eventually(() => units).toEqual({ begun: 2, ended: 2 })
  })

  it.each<[string, (reply: FastifyReply, read: () => Readable) => unknown]>([
    ['an answer that is a stream', (reply, read) => reply.send(read())],
    ['an answer that is a web stream', (reply, read) => reply.send(Readable.toWeb(read()))],
    ['an answer that is a Response', (_reply, read) => new Response(Readable.toWeb(read()) as ReadableStream)],
    ['an answer that is piped through another stream', (reply, read) => reply.send(read().pipe(new PassThrough()))],
    [
      'a hijacked answer',
      (reply, read) => {
        reply.hijack()
        read().pipe(reply.raw)
      },
    ],
  ])('holds %s, and ends with it', async (_what, answer) => {
    const { prisma, units, app } = await application()
    await app.register(branchPlugin, { prisma, branch })
    const bytes = async function* () {
      for await (const line of lines(prisma, 3)) yield Buffer.from(line)
    }
    app.get('/', async (_request, reply) => answer(reply, () => Readable.from(bytes(), { objectMode: false })) ?? reply)
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const { text } = await get(url, ON_A)
    expect(text.trim().split('\n')).toEqual(Array(3).fill('{"branch":"a"}'))
    await eventually(() => units).toEqual(ONCE)
  })

  it.each(['answers', 'fails', 'streams', 'hijacks'])('ends after an injected request that %s', async (path) => {
    const { prisma, units, app, answer } = await application()
    await app.register(branchPlugin, { prisma, branch })
    app.get('/answers', answer)
    app.get('/fails', async () => {
      throw new Error('Failed')
    })
    app.get('/streams', async () => Readable.from(lines(prisma, 2)))
    app.get('/hijacks', async (_request, reply) => {
      reply.hijack()
      reply.raw.end('x')
    })
    await app.inject({ url: `/${path}`, ...ON_A })
    await eventually(() => units).toEqual(ONCE)
  })

  it('ends if the client is gone while the branch is chosen', async () => {
    const { prisma, units, app } = await application()
    let choose: (name: string) => void = () => {}
    let asked = false
    const chosen = new Promise<string>((resolve) => {
      choose = resolve
    })
    await app.register(branchPlugin, {
      prisma,
      branch: () => {
        asked = true
        return chosen
      },
    })
    const gone = new Promise((resolve) => app.server.on('connection', (socket) => socket.on('close', resolve)))
    app.get('/', async () => 'x')
    const call = begin(await app.listen({ port: 0, host: '127.0.0.1' })).end()
    call.on('error', () => {})
    await eventually(() => asked).toEqual(true)
    call.destroy()
    await gone
    choose('a')
    await eventually(() => units).toEqual(ONCE)
  })

  it('of a WebSocket ends when that closes; before it is opened, an unknown branch is refused', async () => {
    const { prisma, units, app } = await application()
    await app.register(branchPlugin, { prisma, branch })
    await app.register(websocket)
    app.get('/', { websocket: true }, async (socket) => {
      const read = await whose(prisma)
      socket.send(JSON.stringify([read, UnitOfWork.current() !== undefined]))
    })
    const url = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws')
    const socket = new WebSocket(url, ON_A)
    const [message] = await once(socket, 'message')
    expect(JSON.parse(String(message))).toEqual(['a', true])
    expect(units).toEqual({ begun: 1, ended: 0 })
    socket.close()
    await eventually(() => units).toEqual(ONCE)
    const refused = new WebSocket(url, { headers: { 'X-Branch': '..' } })
    const [error] = await once(refused, 'error')
    expect(String(error)).toContain('400')
    expect(units).toEqual(ONCE)
  })
})
