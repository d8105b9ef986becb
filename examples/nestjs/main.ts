import 'reflect-metadata'
import type { Server } from 'node:http'
import { NestFactory } from '@nestjs/core'
import { AppModule } from './app.module.ts'

let stopping = false
const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })

// On a signal the server closes, requests in flight get their answers, BranchesModule drains the branches, and the process
// exits with 0. Without useProcessExit, Nest ends it by the signal once more.
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true })
process.on('SIGTERM', stop).on('SIGINT', stop)

await app.listen(process.env.PORT ?? 3000, '127.0.0.1')
console.log(`listening on ${await app.getUrl()}`)

function stop(): void {
  // Nest ignores a second signal.
  if (stopping) process.exit(1)
  stopping = true
  // A server is closed when its last connection is. Clients keep theirs for the next request: those that send one are told
  // that it was the last, the others are closed.
  const server: Server = app.getHttpServer()
  server.prependListener('request', (_, response) => response.setHeader('Connection', 'close'))
  setInterval(() => server.closeIdleConnections(), 100)
}
