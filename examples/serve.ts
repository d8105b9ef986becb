import { once } from 'node:events'
import type { Server } from 'node:http'
import { prisma } from './prisma.ts'

export const host = '127.0.0.1'
export const port = Number(process.env.PORT ?? 3000)

/**
 * Says where a server listens, and stops it on SIGTERM or Ctrl-C: it accepts nothing more, requests in flight get their
 * answers, branches drain, and the process ends by itself, with no connection left. A second signal ends it at once.
 *
 * @param close what else there is to close than the server, and the server with it
 */
export function serve(server: Server, close: () => unknown = () => server.close()): void {
  server.once('listening', () => {
    const address = server.address()
    if (typeof address === 'object') console.log(`listening on http://${host}:${address?.port}`)
  })

  let stopping = false
  async function stop(): Promise<void> {
    if (stopping) process.exit(1)
    stopping = true
    // A server is closed when its last connection is. Clients keep theirs for the next request: those that send one are
    // told that it was the last, the others are closed.
    server.prependListener('request', (_, response) => response.setHeader('Connection', 'close'))
    const idle = setInterval(() => server.closeIdleConnections(), 100)
    const closed = once(server, 'close')
    await close()
    await closed
    clearInterval(idle)
    await prisma.$disconnect()
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
}
