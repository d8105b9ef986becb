import { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { serve as listen } from '@hono/node-server'
import { Hono } from 'hono'
import { stream } from 'hono/streaming'
import { branchMiddleware, fromRequest } from 'prisma-extension-branches/hono'
import { prisma } from '../prisma.ts'
import { host, port, serve } from '../serve.ts'
import { createUser, listUsers, type NewUser, userLines } from '../users.ts'

const app = new Hono()
app.use(branchMiddleware(prisma, { branch: fromRequest({ header: 'X-Branch', query: '_branch', cookie: 'branch' }) }))

app.get('/users', async (context) => context.json(await listUsers()))

app.post('/users', async (context) => context.json(await createUser(await context.req.json<NewUser>()), 201))

app.get('/users/stream', (context) => {
  context.header('Content-Type', 'application/x-ndjson')
  return stream(context, async (body) => {
    for await (const line of userLines()) await body.write(line)
  })
})

app.get('/slow', async (context) => {
  await delay(Number(context.req.query('ms')))
  return context.json(await listUsers())
})

const server = listen({ fetch: app.fetch, port, hostname: host })
if (server instanceof Server) serve(server)
