import { createServer } from 'node:http'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { branchMiddleware, fromRequest } from '../../src/express.ts'
import { InvalidOptionError } from '../../src/index.ts'
import { pause, whose } from '../postgres/kit.ts'
import { startExpress } from './applications/express.ts'
import { behavesAsRequests } from './behaviour.ts'
import type { Client, StartApplication } from './kit/application.ts'
import { answer, begin, get } from './kit/http-client.ts'
import { listen } from './kit/node-server.ts'
import { eventually, nothingLeft, serve } from './kit/served.ts'

behavesAsRequests('Express', startExpress)

const ON_A = { 'X-Branch': 'a' }

describe('branchMiddleware of Express', () => {
  it('holds for the router that it is mounted with, and nothing else', async () => {
    const start = application((app, prisma, branch) => {
      const router = express.Router().get('/whose', answerWhose(prisma))
      app.use('/api', branchMiddleware(prisma, { branch }), router)
      app.get('/whose', answerWhose(prisma))
    })
    const served = await serve(start, ['a'])
    expect((await get(`${served.origin}/api/whose?_branch=a`)).text).toBe('{"branch":"a"}')
    expect((await get(`${served.origin}/api/whose`, { headers: ON_A })).text).toBe('{"branch":"a"}')
    expect((await get(`${served.origin}/whose`, { headers: ON_A })).text).toBe('{"branch":"main"}')
    expect(served.units.begun).toBe(2)
  })

  it('is overruled by another inside it, in listeners and error handlers too', async () => {
    const start = application((app, prisma, branch) => {
      app.use(branchMiddleware(prisma, { branch }))
      app.use('/tenants/:tenant', branchMiddleware(prisma, { branch: ({ params }) => String(params.tenant) }))
      app.get('/tenants/:tenant/whose', answerWhose(prisma))
      app.post('/tenants/:tenant/whose', (request, response, next) => {
        request.resume().on('end', () => answerWhose(prisma)(request, response, next))
      })
      app.get('/tenants/:tenant/throws', () => {
        throw new Error('Thrown')
      })
      app.use(answerErrors(prisma))
    })
    const served = await serve(start, ['a', 'b'])
    const tenant = `${served.origin}/tenants/b`
    expect((await get(`${tenant}/whose`, { headers: ON_A })).text).toBe('{"branch":"b"}')
    const call = begin(`${tenant}/whose`, { method: 'POST', headers: ON_A })
    await eventually(() => served.units.begun).toEqual(4)
    expect((await answer(call, 'x')).text).toBe('{"branch":"b"}')
    expect((await get(`${tenant}/throws`, { headers: ON_A })).text).toBe('{"branch":"b"}')
    expect((await get(`${served.origin}/tenants/gone/whose`, { headers: ON_A })).status).toBe(400)
    await nothingLeft(served)
    expect(served.units).toEqual({ begun: 7, ended: 7 })
  })

  it('waits for an async branch function, and loses nothing of the body meanwhile', async () => {
    const start = application((app, prisma) => {
      app.use(branchMiddleware(prisma, { branch: async ({ headers }) => pause(50).then(() => String(headers.tenant)) }))
      app.post('/whose', express.text(), async (request, response) => {
        response.json({ branch: await whose(prisma), sent: request.body })
      })
    })
    const served = await serve(start, ['a'])
    const headers = { Tenant: 'a', 'Content-Type': 'text/plain' }
    const { text } = await answer(begin(`${served.origin}/whose`, { method: 'POST', headers }), 'hello')
    expect(JSON.parse(text)).toEqual({ branch: 'a', sent: 'hello' })
    await nothingLeft(served)
  })

  it('ends the unit of a client that was gone before its branch was known', async () => {
    let choose: ((branch: string) => void) | undefined
    let gone = false
    const start = application((app, prisma) => {
      app.use((_request, response, next) => {
        response.on('close', () => {
          gone = true
        })
        next()
      })
      const branch = () =>
        new Promise<string>((resolve) => {
          choose = resolve
        })
      app.use(branchMiddleware(prisma, { branch }), answerWhose(prisma))
    })
    const served = await serve(start, ['a'])
    const call = begin(`${served.origin}/whose`).end()
    call.on('error', () => {})
    await eventually(() => typeof choose).toEqual('function')
    call.destroy()
    await eventually(() => gone).toEqual(true)
    choose?.('a')
    await eventually(() => served.units).toEqual({ begun: 1, ended: 1 })
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
    ['returns no name', () => 42 as unknown as string],
  ])('hands the error to the error handler if the branch function %s', async (_how, branch) => {
    const start = application((app, prisma) => {
      app.use(branchMiddleware(prisma, { branch }), answerWhose(prisma))
      app.use(answerErrors(prisma))
    })
    const served = await serve(start, ['a'])
    expect((await get(`${served.origin}/whose`)).status).toBe(500)
    expect(served.units.begun).toBe(0)
  })

  it('hands on the error if the response is under way before an unknown branch is known to be one', async () => {
    const errors: unknown[] = []
    const start = application((app, prisma) => {
      app.use((_request, response, next) => {
        response.status(503).end()
        next()
      })
      app.use(branchMiddleware(prisma, { branch: () => 'gone' }))
      const note: ErrorRequestHandler = (error, _request, _response, _next) => {
        errors.push(error.code)
      }
      app.use(note)
    })
    const { origin } = await serve(start, ['a'])
    expect((await get(`${origin}/whose`)).status).toBe(503)
    await eventually(() => errors).toEqual(['ERR_HTTP_HEADERS_SENT'])
  })

  it('refuses a client without branches and bad options at once', async () => {
    const client = { $withBranch: async () => Promise.reject(new Error('Not called')) }
    const branch = fromRequest({ header: 'X-Branch' })
    for (const attempt of [
      () => branchMiddleware({} as Client, { branch }),
      () => branchMiddleware(undefined as unknown as Client, { branch }),
      () => branchMiddleware(client, {} as { branch: typeof branch }),
      () => branchMiddleware(client, undefined as unknown as { branch: typeof branch }),
      () => branchMiddleware(client, { branch: 'a' as unknown as typeof branch }),
      () => branchMiddleware(client, { branch, pattern: '^a' as unknown as RegExp }),
    ]) {
      expect(attempt).toThrow(InvalidOptionError)
    }
    expect(() => branchMiddleware(client, { branch, pattern: /^a/ })).not.toThrow()
  })
})

function application(
  define: (app: express.Express, prisma: Client, branch: Parameters<StartApplication>[0]['branch']) => void,
): StartApplication {
  return ({ prisma, branch }) => {
    const app = express()
    define(app, prisma, branch)
    return listen(createServer(app), prisma)
  }
}

function answerWhose(prisma: Client): RequestHandler {
  return async (_request, response) => {
    response.json({ branch: await whose(prisma) })
  }
}

function answerErrors(prisma: Client): ErrorRequestHandler {
  return async (_error, _request, response, _next) => {
    response.status(500).json({ branch: await whose(prisma) })
  }
}
