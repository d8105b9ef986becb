import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import fastify from 'fastify'
import { branchPlugin, fromRequest } from 'prisma-extension-branches/fastify'
import { prisma } from '../prisma.ts'
import { host, port, serve } from '../serve.ts'
import { createUser, listUsers, type NewUser, userLines } from '../users.ts'

const app = fastify()
await app.register(branchPlugin, {
  prisma,
  branch: fromRequest({ header: 'X-Branch', query: '_branch', cookie: 'branch' }),
})

app.get('/users', () => listUsers())

app.post<{ Body: NewUser }>('/users', (request, reply) => {
  reply.status(201)
  return createUser(request.body)
})

app.get('/users/stream', (_, reply) => reply.type('application/x-ndjson').send(Readable.from(userLines())))

app.get<{ Querystring: { ms: number } }>('/slow', async (request) => {
  await delay(Number(request.query.ms))
  return listUsers()
})

serve(app.server, () => app.close())
await app.listen({ port, host })
