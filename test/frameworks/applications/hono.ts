import { once } from 'node:events'
import { serve, upgradeWebSocket, type WebSocketServerLike } from '@hono/node-server'
import { Hono } from 'hono'
import { WebSocketServer } from 'ws'
import { branchMiddleware } from '../../../src/hono.ts'
import { pause, whose } from '../../postgres/kit.ts'
import type { Application, ApplicationParts } from '../kit/application.ts'
import { running } from '../kit/node-server.ts'

export async function startHono({
  prisma,
  branch,
  slowly,
  streamed,
  late,
  main,
}: ApplicationParts): Promise<Application> {
  const app = new Hono()
  app.use(branchMiddleware(prisma, { branch, main }))
  app.onError(async (_error, c) => c.json({ branch: await whose(prisma) }, 500))

  app.get('/whose', async (c) => c.json({ branch: await whose(prisma) }))
  app.get('/varies', async (c) => c.json({ branch: await whose(prisma) }, 200, { Vary: 'Accept' }))
  app.get('/slow', async (c) => {
    await slowly()
    return c.json({ branch: await whose(prisma) })
  })
  app.post('/whose', async (c) => c.json({ sent: await c.req.json(), branch: await whose(prisma) }))
  app.post('/listen', async (c) => {
    const reader = c.req.raw.body?.getReader()
    while (!(await reader?.read())?.done);
    return c.json({ branch: await whose(prisma) })
  })
  app.get('/throws', () => {
    throw new Error('Thrown')
  })
  app.get('/rejects', async () => {
    throw new Error('Rejected')
  })
  app.get('/stream', (c) => c.body(ReadableStream.from(encoded(streamed(Number(c.req.query('lines')))))))
  app.get('/late', (c) => {
    pause(Number(c.req.query('ms')))
      .then(() => whose(prisma))
      .then(
        (read) => late({ branch: read }),
        (error: unknown) => late({ error }),
      )
    return c.json({})
  })
  app.get(
    '/socket',
    upgradeWebSocket(() => ({
      async onMessage(message, socket) {
        const read = await prisma.$withBranch(String(message.data), () => whose(prisma))
        socket.send(JSON.stringify({ branch: read }))
      },
    })),
  )

  const sockets = new WebSocketServer({ noServer: true })
  // With exactOptionalPropertyTypes, the type of ws does not match by itself.
  const websocket = { server: sockets as WebSocketServerLike }
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', websocket })
  await once(server, 'listening')
  return running(server, sockets)
}

async function* encoded(texts: AsyncIterable<string>) {
  const encoder = new TextEncoder()
  for await (const text of texts) yield encoder.encode(text)
}
