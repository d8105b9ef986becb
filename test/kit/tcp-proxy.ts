import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What the network does to the bytes of a connection. */
interface Weather {
  /** Milliseconds that every piece of data takes longer, each way. */
  delay: number
  bytesPerSecond: number
}

/** A TCP proxy on the loopback interface that breaks as networks do. */
export class TcpProxy {
  readonly port: number
  readonly #server: Server
  readonly #target: { host: string; port: number }
  readonly #links = new Set<Link>()
  readonly #weather: Weather = { delay: 0, bytesPerSecond: Infinity }
  #swallows = false

  private constructor(server: Server, target: { host: string; port: number }) {
    this.#server = server
    this.#target = target
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => this.#link(client))
  }

  static async listen(target: { host: string; port: number }): Promise<TcpProxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TcpProxy(server, target)
  }

  /** The URL of the target with the proxy in its place. */
  through(url: string): string {
    const proxied = new URL(url)
    proxied.host = `127.0.0.1:${this.port}`
    return proxied.href
  }

  get connections(): number {
    return this.#links.size
  }

  /** Resets every connection; says how many there were. */
  cut(): number {
    const links = [...this.#links]
    for (const link of links) link.reset()
    return links.length
  }

  /** Resets each connection in the middle of the next data that the server sends; says how many there are. */
  cutInMidStream(): number {
    for (const link of this.#links) link.cutsReply = true
    return this.#links.size
  }

  /** New connections are refused. Those that are open stay. */
  refuse(): void {
    this.#server.close()
  }

  async accept(): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Whatever is sent on the connections there are is lost, and nobody is told; says how many there are. */
  forget(): number {
    for (const link of this.#links) link.lost = true
    return this.#links.size
  }

  /** New connections are accepted, and never answered. */
  swallow(): void {
    this.#swallows = true
  }

  slowDown(weather: Partial<Weather>): void {
    Object.assign(this.#weather, weather)
  }

  /** All is well again, except for connections that lost data: those are reset, as routers do that know nothing of them. */
  heal(): void {
    this.#swallows = false
    this.slowDown({ delay: 0, bytesPerSecond: Infinity })
    for (const link of this.#links) {
      link.cutsReply = false
      if (link.lost) link.reset()
    }
  }

  async close(): Promise<void> {
    this.cut()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  #link(client: Socket): void {
    const link = new Link(client, createConnection(this.#target), this.#weather)
    link.lost = this.#swallows
    this.#links.add(link)
    link.closed.then(() => this.#links.delete(link))
  }
}

/** A client's connection to the proxy, and the proxy's for it to the target. */
class Link {
  /** What is sent is lost. */
  lost = false
  cutsReply = false
  readonly closed: Promise<unknown>
  readonly #sockets: readonly [client: Socket, target: Socket]

  constructor(client: Socket, target: Socket, weather: Weather) {
    this.#sockets = [client, target]
    for (const socket of this.#sockets) {
      socket.setNoDelay()
      socket.on('error', () => this.reset())
    }
    this.#forward(client, target, weather)
    this.#forward(target, client, weather)
    // The target does not learn that a client is gone whose connection is lost.
    this.closed = Promise.all(this.#sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  }

  reset(): void {
    for (const socket of this.#sockets) {
      // A socket that does not have its connection yet cannot be reset.
      if (socket.connecting) socket.destroy()
      else socket.resetAndDestroy()
    }
  }

  #forward(from: Socket, to: Socket, weather: Weather): void {
    let previous = Promise.resolve()
    // The order of the data is kept, whatever happens to the weather meanwhile.
    const later = (deliver: () => void, bytes: number) => {
      const { delay: latency, bytesPerSecond } = weather
      const arrival = performance.now() + latency
      previous = previous.then(async () => {
        const wait = Math.max(arrival - performance.now(), (bytes / bytesPerSecond) * 1_000)
        if (wait > 0) await delay(wait)
        if (!this.lost) deliver()
      })
    }
    from.on('data', (data) => {
      later(() => {
        if (!this.cutsReply || from === this.#sockets[0]) return void to.write(data)
        to.write(data.subarray(0, data.length / 2), () => this.reset())
      }, data.length)
    })
    from.on('end', () => later(() => to.end(), 0))
    from.on('close', () => later(() => to.destroy(), 0))
  }
}
