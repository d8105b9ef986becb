import type { SqlDriverAdapterFactory } from '../src/driver/driver-adapter.ts'

/** Where the time until a client's first row went, in milliseconds. */
export interface FirstRow {
  total: number
  /** Of CPU, user and system. */
  cpu: number
  /** Until there is a client. Raw `pg` has none, and a client that was kept is there. */
  construct: number
  /** From there until the statement reaches the driver: the engine starts, reads the schema, compiles the query. */
  compile: number
  /** Until there is a connection that is ready for use. */
  connect: number
  /** From there until the row is there. */
  query: number
}

/** Takes the time on the way to the first row. */
export class FirstRowWatch {
  readonly #marks = new Map<string, number>()

  mark(name: 'constructed' | 'compiled' | 'connected'): void {
    // Of several connections or statements, the first.
    if (!this.#marks.has(name)) this.#marks.set(name, performance.now())
  }

  /** Sees the first statement that reaches the driver. */
  watch<Factory extends SqlDriverAdapterFactory>(factory: Factory): Factory {
    const connect = factory.connect.bind(factory)
    factory.connect = async () => {
      const adapter = await connect()
      const queryRaw = adapter.queryRaw.bind(adapter)
      adapter.queryRaw = (query) => {
        this.mark('compiled')
        return queryRaw(query)
      }
      return adapter
    }
    return factory
  }

  async measure(firstRow: () => Promise<unknown>): Promise<FirstRow> {
    this.#marks.clear()
    const cpuBefore = process.cpuUsage()
    const started = performance.now()
    await firstRow()
    const ended = performance.now()
    const { user, system } = process.cpuUsage(cpuBefore)
    const constructed = this.#marks.get('constructed') ?? started
    const compiled = this.#marks.get('compiled') ?? constructed
    const connected = this.#marks.get('connected') ?? compiled
    return {
      total: ended - started,
      cpu: (user + system) / 1_000,
      construct: constructed - started,
      compile: compiled - constructed,
      connect: connected - compiled,
      query: ended - connected,
    }
  }
}
