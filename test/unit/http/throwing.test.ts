import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { branchMiddleware as expressMiddleware } from '../../../src/express.ts'
import { branchPlugin } from '../../../src/fastify.ts'
import { branchHandler } from '../../../src/fetch.ts'
import { branchMiddleware as honoMiddleware } from '../../../src/hono.ts'
import type { BranchChoice } from '../../../src/http/branch-choice.ts'
import { branchMiddleware as koaMiddleware } from '../../../src/koa.ts'
import { sqliteBranches } from '../../kit/sqlite-branches.ts'

/** What nobody catches, and so goes to `process.on('uncaughtException')`, or the process's end. */
function uncaught(): { readonly errors: unknown[]; readonly first: Promise<unknown> } {
  const errors: unknown[] = []
  const first = new Promise<unknown>((resolve) => {
    process.setUncaughtExceptionCaptureCallback((error) => {
      errors.push(error)
      resolve(error)
    })
  })
  onTestFinished(() => process.setUncaughtExceptionCaptureCallback(null))
  return { errors, first }
}

/** A request and a response as far as the middleware of Node looks at them. */
function exchange(): [IncomingMessage, ServerResponse] {
  const emitter = { emit: () => true, closed: true }
  return [emitter as unknown as IncomingMessage, emitter as unknown as ServerResponse]
}

describe('a next() that throws', () => {
  it('is called once, and its error is uncaught as after any callback', async () => {
    const { prisma } = await sqliteBranches()
    const { errors, first } = uncaught()
    const thrown = new Error('The handler threw')
    const calls: unknown[][] = []
    expressMiddleware(prisma, { branch: () => 'a' })(
      ...(exchange() as never as [never, never]),
      (...args: unknown[]) => {
        calls.push(args)
        throw thrown
      },
    )
    expect(await first).toBe(thrown)
    await prisma.$branches.close('a')
    expect([calls, errors]).toEqual([[[]], [thrown]])
  })

  it('is called once with what choosing the branch threw, which it may throw on', async () => {
    const { prisma } = await sqliteBranches()
    const { errors, first } = uncaught()
    const failed = new Error('No session')
    const branch = () => {
      throw failed
    }
    const calls: unknown[] = []
    expressMiddleware(prisma, { branch })(...(exchange() as never as [never, never]), (error: unknown) => {
      calls.push(error)
      throw error
    })
    expect(await first).toBe(failed)
    expect([calls, errors]).toEqual([[failed], [failed]])
  })

  it('rejects the middleware of Koa, as a next() that rejects does', async () => {
    const { prisma } = await sqliteBranches()
    const [req, res] = exchange()
    const thrown = new Error('The handler threw')
    let calls = 0
    const next = () => {
      calls++
      throw thrown
    }
    await expect(koaMiddleware(prisma, { branch: () => 'a' })({ req, res } as never, next)).rejects.toBe(thrown)
    expect(calls).toBe(1)
  })

  it('is a handler of Fetch’s that throws: the promise is rejected, once', async () => {
    const { prisma } = await sqliteBranches()
    const thrown = new Error('The handler threw')
    const fail = (): Response => {
      throw thrown
    }
    const handler = branchHandler(prisma, { branch: () => 'a' }, fail)
    await expect(handler(new Request('http://localhost/'))).rejects.toBe(thrown)
  })
})

type Client = Awaited<ReturnType<typeof sqliteBranches>>['prisma']
type Options = { branch: () => BranchChoice }

/** Each answers one request. */
const FRAMEWORKS: Record<string, (prisma: Client, options: Options) => Promise<number>> = {
  Express: (prisma, options) => {
    const app = express().use(expressMiddleware(prisma, options))
    // Express's own prints the error.
    app.use(((_error, _request, response, _next) => void response.sendStatus(500)) satisfies ErrorRequestHandler)
    return answerOf(createServer(app))
  },
  Fastify: async (prisma, options) => {
    const app = Fastify()
    await app.register(branchPlugin, { prisma, ...options })
    await app.ready()
    return answerOf(app.server)
  },
  Koa: (prisma, options) => {
    const app = new Koa({ asyncLocalStorage: false }).use(koaMiddleware(prisma, options))
    app.silent = true
    return answerOf(createServer(app.callback()))
  },
  Hono: async (prisma, options) => {
    const app = new Hono().use(honoMiddleware(prisma, options)).onError((_error, c) => c.text('', 500))
    return (await app.request('/')).status
  },
  Fetch: async (prisma, options) => {
    const handler = branchHandler(prisma, options, () => new Response())
    return handler(new Request('http://localhost/')).then(
      ({ status }) => status,
      () => 500,
    )
  },
}

async function answerOf(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).status
}

describe.each(Object.keys(FRAMEWORKS))('an answer of the middleware of %s', (name) => {
  it('that cannot be made is an error of the framework’s, and the request is answered', async () => {
    const { prisma } = await sqliteBranches()
    const stale = { setCookie: 'no\nheader', otherwise: { branch: 'gone-too' } }
    const answer = await FRAMEWORKS[name]?.(prisma, { branch: () => ({ branch: 'gone', stale }) })
    // Fastify keeps the status that was set before.
    expect(answer).toBe(name === 'Fastify' ? 400 : 500)
  })
})
