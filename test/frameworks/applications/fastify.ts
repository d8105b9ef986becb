import { Readable } from 'node:stream'
import websocket from '@fastify/websocket'
import fastify from 'fastify'
import { branchPlugin } from '../../../src/fastify.ts'
import { pause, whose } from '../../postgres/kit.ts'
import type { Application, ApplicationParts } from '../kit/application.ts'
import { answerBranches } from '../kit/node-server.ts'

export async function startFastify({
  prisma,
  branch,
  slowly,
  streamed,
  late,
  main,
}: ApplicationParts): Promise<Application> {
  const app = fastify()
  await app.register(branchPlugin, { prisma, branch, main })
  await app.register(websocket)
  app.setErrorHandler(async (_error, _request, reply) => {
    reply.code(500)
    return { branch: await whose(prisma) }
  })

  app.get('/whose', async () => ({ branch: await whose(prisma) }))
  app.get('/varies', async (_request, reply) => {
    reply.header('Vary', 'Accept')
    return { branch: await whose(prisma) }
  })
  app.get('/slow', async () => {
    await slowly()
    return { branch: await whose(prisma) }
  })
  app.post('/whose', async (request) => ({ branch: await whose(prisma), sent: request.body }))
  app.get('/throws', () => {
    throw new Error('Thrown')
  })
  app.get('/rejects', async () => {
    throw new Error('Rejected')
  })
  app.get<{ Querystring: { lines: string } }>('/stream', (request, reply) => {
    reply.send(Readable.from(streamed(Number(request.query.lines))))
  })
  app.get<{ Querystring: { ms: string } }>('/late', async (request) => {
    pause(Number(request.query.ms))
      .then(() => whose(prisma))
      .then(
        (read) => late({ branch: read }),
        (error: unknown) => late({ error }),
      )
    return {}
  })
  app.register(async (raw) => {
    raw.removeAllContentTypeParsers()
    raw.addContentTypeParser('*', (_request, _payload, done) => done(null))
    raw.post('/listen', async (request) => {
      request.raw.on('data', () => {})
      return new Promise((resolve, reject) => {
        request.raw.on('end', () => {
          whose(prisma).then((read) => resolve({ branch: read }), reject)
        })
      })
    })
  })
  app.get('/socket', { websocket: true }, (socket) => answerBranches(socket, prisma))

  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return { url, close: () => app.close() }
}
