import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { whose } from '../../postgres/kit.ts'
import type { Application, Client } from './application.ts'

/** Listens on a free port, and answers WebSockets at `/socket`. For frameworks that leave both to `node:http`. */
export async function listen(server: Server, prisma: Client): Promise<Application> {
  const sockets = new WebSocketServer({ server, path: '/socket' })
  sockets.on('connection', (socket) => answerBranches(socket, prisma))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return running(server, sockets)
}

/** An application whose server listens, of HTTP/1 or HTTP/2. */
export function running(
  server: { address(): unknown; close(closed: (error?: Error) => void): unknown },
  sockets: WebSocketServer,
): Application {
  const { port } = server.address() as AddressInfo
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets.clients) socket.close(1001)
    await closed
  }
  return { url: `http://127.0.0.1:${port}`, close }
}

/** Answers each message, which names a branch, with whose that is. */
export function answerBranches(socket: WebSocket, prisma: Client): void {
  socket.on('message', async (name) => {
    const branch = await prisma.$withBranch(String(name), () => whose(prisma))
    socket.send(JSON.stringify({ branch }))
  })
}
