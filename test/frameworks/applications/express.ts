import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import express, { type ErrorRequestHandler } from 'express'
import { branchMiddleware } from '../../../src/express.ts'
import { pause, whose } from '../../postgres/kit.ts'
import type { Application, ApplicationParts } from '../kit/application.ts'
import { listen } from '../kit/node-server.ts'

export function startExpress({ prisma, branch, slowly, streamed, late, main }: ApplicationParts): Promise<Application> {
  const app = express()
  app.use(branchMiddleware(prisma, { branch, main }))

  app.get('/whose', async (_request, response) => {
    response.json({ branch: await whose(prisma) })
  })
  app.get('/varies', async (_request, response) => {
    response.set('Vary', 'Accept')
    response.json({ branch: await whose(prisma) })
  })
  app.get('/slow', async (_request, response) => {
    await slowly()
    response.json({ branch: await whose(prisma) })
  })
  app.post('/whose', express.json(), async (request, response) => {
    response.json({ branch: await whose(prisma), sent: request.body })
  })
  app.post('/listen', (request, response, next) => {
    request.on('data', () => {})
    request.on('end', () => {
      whose(prisma).then((branch) => response.json({ branch }), next)
    })
  })
  app.get('/throws', () => {
    throw new Error('Thrown')
  })
  app.get('/rejects', async () => {
    throw new Error('Rejected')
  })
  app.get('/stream', (request, response) => {
    Readable.from(streamed(Number(request.query.lines))).pipe(response)
  })
  app.get('/late', (request, response) => {
    response.json({})
    pause(Number(request.query.ms))
      .then(() => whose(prisma))
      .then(
        (read) => late({ branch: read }),
        (error: unknown) => late({ error }),
      )
  })

  const answerError: ErrorRequestHandler = async (_error, _request, response, _next) => {
    response.status(500).json({ branch: await whose(prisma) })
  }
  app.use(answerError)
  return listen(createServer(app), prisma)
}
