import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import express from 'express'
import { branchMiddleware, fromRequest } from 'prisma-extension-branches/express'
import { prisma } from '../prisma.ts'
import { host, port, serve } from '../serve.ts'
import { createUser, listUsers, userLines } from '../users.ts'

const app = express()
app.use(branchMiddleware(prisma, { branch: fromRequest({ header: 'X-Branch', query: '_branch', cookie: 'branch' }) }))
app.use(express.json())

app.get('/users', async (_, response) => {
  response.json(await listUsers())
})

app.post('/users', async (request, response) => {
  response.status(201).json(await createUser(request.body))
})

app.get('/users/stream', async (_, response) => {
  response.type('application/x-ndjson')
  await pipeline(userLines, response)
})

app.get('/slow', async (request, response) => {
  await delay(Number(request.query.ms))
  response.json(await listUsers())
})

serve(app.listen(port, host))
