import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import Koa, { type Middleware } from 'koa'
import { branchMiddleware } from '../../../src/koa.ts'
import { pause, whose } from '../../postgres/kit.ts'
import type { Application, ApplicationParts, Client } from '../kit/application.ts'
import { listen } from '../kit/node-server.ts'

export function startKoa({ prisma, branch, slowly, streamed, late, main }: ApplicationParts): Promise<Application> {
  const app = new Koa()
  // Koa prints an error for each client that is gone.
  app.silent = true
  app.use(branchMiddleware(prisma, { branch, main }))
  app.use(answerErrors(prisma))

  const routes: Record<string, Middleware> = {
    'GET /whose': async (context) => {
      context.body = { branch: await whose(prisma) }
    },
    'GET /varies': async (context) => {
      context.vary('Accept')
      context.body = { branch: await whose(prisma) }
    },
    'GET /slow': async (context) => {
      await slowly()
      context.body = { branch: await whose(prisma) }
    },
    'POST /whose': async (context) => {
      const sent = await json(context.req)
      context.body = { branch: await whose(prisma), sent }
    },
    'POST /listen': async (context) => {
      const branch = await new Promise((resolve, reject) => {
        context.req.on('data', () => {})
        context.req.on('end', () => whose(prisma).then(resolve, reject))
      })
      context.body = { branch }
    },
    'GET /throws': () => {
      throw new Error('Thrown')
    },
    'GET /rejects': async () => {
      throw new Error('Rejected')
    },
    'GET /stream': (context) => {
      context.body = Readable.from(streamed(Number(context.query.lines)))
    },
    'GET /late': (context) => {
      context.body = {}
      pause(Number(context.query.ms))
        .then(() => whose(prisma))
        .then(
          (read) => late({ branch: read }),
          (error: unknown) => late({ error }),
        )
    },
  }
  app.use((context, next) => routes[`${context.method} ${context.path}`]?.(context, next))
  return listen(createServer(app.callback()), prisma)
}

function answerErrors(prisma: Client): Middleware {
  return async (context, next) => {
    try {
      await next()
    } catch {
      context.status = 500
      context.body = { branch: await whose(prisma) }
    }
  }
}
