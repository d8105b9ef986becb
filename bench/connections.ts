import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresDatabase } from '../test/kit/postgres-database.ts'

const SAMPLE_INTERVAL = 25
/** Whoever hangs is not waited for. */
const PATIENCE = 2_000

/** Looks again and again how many connections the server has. */
export class ConnectionWatch {
  #peak = 0
  #over = false
  readonly #looking: Promise<void>

  constructor(server: PostgresDatabase) {
    this.#looking = this.#look(server)
  }

  /** The most there were at a time. */
  async end(): Promise<number> {
    this.#over = true
    await this.#looking
    return this.#peak
  }

  async #look(server: PostgresDatabase): Promise<void> {
    while (!this.#over) {
      this.#peak = Math.max(this.#peak, await server.connections())
      await delay(SAMPLE_INTERVAL)
    }
  }
}

/** Ends the connections that are left after a contender has closed, or has tried to. */
export async function clearConnections(server: PostgresDatabase, closing: Promise<void>): Promise<void> {
  await Promise.race([closing.catch(() => {}), delay(PATIENCE)])
  while ((await server.terminateAll()) > 0) await delay(SAMPLE_INTERVAL)
}
