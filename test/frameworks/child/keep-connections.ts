import { Server } from 'node:http'

// Node ends a connection that a client has kept idle for some seconds. Without that, a server that waits for its idle
// clients waits for ever, and a test sees it.
const listen = Server.prototype.listen as (...args: unknown[]) => Server

Server.prototype.listen = function keepConnections(this: Server, ...args: unknown[]) {
  this.keepAliveTimeout = 0
  return listen.apply(this, args)
} as typeof Server.prototype.listen
