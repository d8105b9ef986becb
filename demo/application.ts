import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { causeOf } from './cause.ts'
import { type Answer, ROUTES, type Route, type Work } from './work.ts'

/** Does a request's work on a client of its branch. */
export type Serve = (branch: string, work: Work) => Promise<Answer>

export interface Application {
  url: string
  close(): Promise<void>
}

/** Starts the HTTP server. The header `x-branch` says on which branch a request works. */
export async function startApplication(serve: Serve): Promise<Application> {
  const server = createServer((request, response) => void respond(serve, request, response))
  // Node would close a connection that is idle for 5 s, and perhaps in the moment in which the next request is sent on it.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function respond(serve: Serve, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  try {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const route = `${request.method} ${pathname}` as Route
    const branch = request.headers['x-branch']
    if (!Object.hasOwn(ROUTES, route)) return send(404, { code: '', message: `No route ${route}` })
    if (typeof branch !== 'string') return send(400, { code: '', message: 'Header x-branch is missing' })
    send(200, await serve(branch, ROUTES[route](searchParams.get('title') ?? '')))
  } catch (error) {
    send(503, causeOf(error))
  }
}
