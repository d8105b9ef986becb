import type { Clock, Timer } from './clock.ts'
import type { Datasource } from './datasource.ts'
import type { Pool } from './pool.ts'

interface Caller {
  resolve(pool: Pool): void
  reject(error: unknown): void
  timer: Timer | undefined
}

/**
 * A pool that is not there yet, and the callers who wait for it: however many arrive while it is cold, it is opened
 * once (rule B1). Until there is room for it, each waits at most `acquireTimeout` on its own.
 */
export class Opening {
  readonly datasource: Datasource
  readonly since: number
  readonly #clock: Clock
  readonly #callers = new Set<Caller>()
  #connecting = false

  constructor(datasource: Datasource, clock: Clock) {
    this.datasource = datasource
    this.#clock = clock
    this.since = clock.monotonic()
  }

  /** Whether there is room for it. */
  get isConnecting(): boolean {
    return this.#connecting
  }

  get callers(): number {
    return this.#callers.size
  }

  /**
   * @param giveUp makes the error of a caller who has waited for `acquireTimeout`; called when that caller has left
   * @returns the pool, with this caller's work begun on it, so that it cannot close in between
   */
  join(acquireTimeout: number, giveUp: () => Error): Promise<Pool> {
    return new Promise((resolve, reject) => {
      const caller: Caller = { resolve, reject, timer: undefined }
      this.#callers.add(caller)
      if (this.#connecting) return
      caller.timer = this.#clock.setTimer(() => {
        this.#callers.delete(caller)
        reject(giveUp())
      }, acquireTimeout)
    })
  }

  /** There is room: from now on it is the driver's time, and nobody gives up. */
  connecting(): void {
    this.#connecting = true
    for (const caller of this.#callers) caller.timer?.cancel()
  }

  succeed(pool: Pool): void {
    for (const caller of this.#callers) {
      pool.begin()
      caller.resolve(pool)
    }
  }

  fail(error: unknown): void {
    for (const caller of this.#callers) caller.reject(error)
  }
}
