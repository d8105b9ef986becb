import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresServer } from '../test/kit/embedded-postgres.ts'

import { PATIENCE } from './scale.ts'

const INTERVAL = 50

/** Counts the connections of the server as it sees them, in `pg_stat_activity`, again and again. */
export class ConnectionCounter {
  /** As counted last. */
  count = 0
  peak = 0
  readonly #server: PostgresServer
  #stopped = false
  #paused = false
  #counting: Promise<void> = Promise.resolve()
  readonly #running: Promise<void>

  constructor(server: PostgresServer) {
    this.#server = server
    this.#running = this.#run()
  }

  /** Does not ask the server while `work` takes it away. */
  async pauseDuring(work: () => Promise<void>): Promise<void> {
    this.#paused = true
    await this.#counting
    this.count = 0
    try {
      await work()
    } finally {
      this.#paused = false
    }
  }

  /** Whether there comes a moment without any connection. The server notices that a client is gone a moment after it. */
  async reachesZero(): Promise<boolean> {
    for (const start = performance.now(); performance.now() - start < PATIENCE; await delay(INTERVAL)) {
      if ((await this.#server.connections()) === 0) return true
    }
    return false
  }

  /** Counts a last time. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    await this.#count()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#counting = this.#count()
      await this.#counting
      await delay(INTERVAL)
    }
  }

  async #count(): Promise<void> {
    if (this.#paused) return
    // When the server is stopped under the demo's feet, there is nothing to count.
    this.count = await this.#server.connections().catch(() => 0)
    this.peak = Math.max(this.peak, this.count)
  }
}
