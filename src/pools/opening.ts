import { type Clock, Stopwatch, type Timer } from './clock.ts'
import type { Datasource } from './datasource.ts'
import type { Pool } from './pool.ts'

interface Caller {
  resolve(pool: Pool | undefined): void
  reject(error: unknown): void
  timer: Timer | undefined
}

/** One caller's wait for an opening. */
export interface Joined {
  /** The pool, with this caller's work begun on it, so that it cannot close in between; or none, if it is forgotten. */
  readonly pool: Promise<Pool | undefined>
  /** The caller waits no longer: `pool` rejects with this, unless it has settled. */
  leave(error: unknown): void
}

/**
 * A pool that is not there yet, and the callers who wait for it: however many arrive while it is cold, it is opened
 * once (rule B1). Until there is room for it, each waits at most `acquireTimeout` on its own.
 */
export class Opening {
  readonly datasource: Datasource
  readonly #clock: Clock
  readonly #stopwatch: Stopwatch
  readonly #callers = new Set<Caller>()
  readonly #left: (opening: Opening) => void
  #connecting = false
  #forget!: () => void
  #isForgotten = false
  readonly #forgotten = new Promise<void>((resolve) => {
    this.#forget = resolve
  })

  /** @param left is called when a caller has left, before it learns why */
  constructor(datasource: Datasource, clock: Clock, left: (opening: Opening) => void) {
    this.datasource = datasource
    this.#clock = clock
    this.#stopwatch = new Stopwatch(clock)
    this.#left = left
  }

  /** Whether there is room for it. */
  get isConnecting(): boolean {
    return this.#connecting
  }

  get callers(): number {
    return this.#callers.size
  }

  /** Milliseconds since it was asked for. */
  get age(): number {
    return this.#stopwatch.elapsed()
  }

  hasWaited(ms: number): boolean {
    return this.#stopwatch.reached(ms)
  }

  /**
   * @param acquireTimeout how long this caller waits for room; without a limit if it is `Infinity`
   * @param late makes the error of one that waited so long
   */
  join(acquireTimeout: number, late: () => Error): Joined {
    let leave: Joined['leave'] = () => {}
    const pool = new Promise<Pool | undefined>((resolve, reject) => {
      const caller: Caller = { resolve, reject, timer: undefined }
      this.#callers.add(caller)
      leave = (error) => {
        if (!this.#callers.delete(caller)) return
        caller.timer?.cancel()
        this.#left(this)
        reject(error)
      }
      if (!this.#connecting) caller.timer = this.#clock.setDeadline(() => leave(late()), acquireTimeout)
    })
    return { pool, leave }
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
    this.#callers.clear()
  }

  fail(error: unknown): void {
    for (const caller of this.#callers) caller.reject(error)
    this.#callers.clear()
  }

  /** What still comes of it is thrown away. Whoever waits for it has to ask for another. */
  forget(): void {
    this.#isForgotten = true
    this.#forget()
    for (const caller of this.#callers) caller.resolve(undefined)
    this.#callers.clear()
  }

  get isForgotten(): boolean {
    return this.#isForgotten
  }

  /** What comes of `work`, or at once `undefined` when it is forgotten. */
  unlessForgotten<T>(work: Promise<T>): Promise<T | undefined> {
    return Promise.race([work, this.#forgotten.then(() => undefined)])
  }
}
