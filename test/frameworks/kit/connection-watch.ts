import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresDatabase } from '../../kit/postgres-database.ts'

const SAMPLES =
  "SELECT pid, extract(epoch FROM clock_timestamp() - backend_start)::float8 * 1000 AS age FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()"

/** Looks at the server's client connections again and again. */
export class ConnectionWatch {
  /** The most that there were at a time. */
  most = 0
  /** The age of the oldest that was ever seen, in milliseconds. */
  oldest = 0
  /** Process ids of those that were there at the last look. */
  present: ReadonlySet<number> = new Set()
  /** Of all that were seen. */
  readonly seen = new Set<number>()
  readonly #database: PostgresDatabase
  readonly #interval: number
  readonly #watching: Promise<void>
  #over = false

  constructor(database: PostgresDatabase, interval = 25) {
    this.#database = database
    this.#interval = interval
    this.#watching = this.#watch()
  }

  async end(): Promise<this> {
    this.#over = true
    await this.#watching
    return this
  }

  async #watch(): Promise<void> {
    while (!this.#over) {
      const connections = await this.#database.query<{ pid: number; age: number }>(SAMPLES)
      this.most = Math.max(this.most, connections.length)
      this.oldest = Math.max(this.oldest, ...connections.map(({ age }) => age))
      this.present = new Set(connections.map(({ pid }) => pid))
      for (const pid of this.present) this.seen.add(pid)
      await delay(this.#interval)
    }
  }
}
