import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import Koa from 'koa'
import { branchMiddleware, fromRequest } from 'prisma-extension-branches/koa'
import { prisma } from '../prisma.ts'
import { host, port, serve } from '../serve.ts'
import { createUser, listUsers, type NewUser, userLines } from '../users.ts'

const app = new Koa()
app.use(branchMiddleware(prisma, { branch: fromRequest({ header: 'X-Branch', query: '_branch', cookie: 'branch' }) }))

const routes: Record<string, Koa.Middleware> = {
  async 'GET /users'(context) {
    context.body = await listUsers()
  },
  async 'POST /users'(context) {
    context.body = await createUser((await json(context.req)) as NewUser)
    context.status = 201
  },
  async 'GET /users/stream'(context) {
    context.type = 'application/x-ndjson'
    context.body = Readable.from(userLines())
  },
  async 'GET /slow'(context) {
    await delay(Number(context.query.ms))
    context.body = await listUsers()
  },
}

app.use((context, next) => routes[`${context.method} ${context.path}`]?.(context, next))

serve(app.listen(port, host))
