import type { PoolSettings } from '../settings/settings.ts'
import { type Clock, Stopwatch, type Timer } from './clock.ts'

/** A pool, as far as its lifetime has to know it. */
export interface AgingPool {
  readonly inFlight: number
  /** It has lived long enough. */
  outlived(reason: 'max-age' | 'idle'): void
}

/** How old a pool is and how long it is unused. Retires it when either is too much, with one timer per pool (rule A4). */
export class Lifetime {
  readonly #stopwatch: Stopwatch
  readonly #clock: Clock
  readonly #maxAge: number
  readonly #idleTimeout: number
  /** Since the last use, kept only if it is asked for. */
  readonly #unused: Stopwatch
  #alarm: Timer | undefined

  /**
   * @param stopwatch started when connecting started (rule A1)
   * @param unlimited neither age nor idleness end it
   */
  constructor(stopwatch: Stopwatch, unlimited: boolean, settings: PoolSettings, clock: Clock) {
    const { maxAge, maxAgeJitter, idleTimeout } = settings
    this.#stopwatch = stopwatch
    this.#clock = clock
    // Max-age 0 is no age: such a pool is closed by its keeper when nobody uses it any more (rule A9).
    this.#maxAge = unlimited || maxAge === 0 ? Infinity : maxAge * (1 - maxAgeJitter * Math.random())
    this.#idleTimeout = unlimited ? Infinity : idleTimeout
    this.#unused = new Stopwatch(clock)
  }

  get age(): number {
    return this.#stopwatch.elapsed()
  }

  get startedAt(): Date {
    return this.#stopwatch.startedAt
  }

  /** At exactly max-age it is (rule A2). */
  get isOver(): boolean {
    return this.#maxAge !== Infinity && this.#stopwatch.reached(this.#maxAge)
  }

  /** Why a pool is to be replaced, if it is: also where a timer had no chance to ring, as in a process that slept (L7). */
  over(inFlight: number): 'max-age' | 'idle' | undefined {
    if (this.isOver) return 'max-age'
    const idle = this.#idleTimeout !== Infinity && inFlight === 0 && this.#unused.reached(this.#idleTimeout)
    return idle ? 'idle' : undefined
  }

  /** Nothing is in flight any more. */
  unused(): void {
    if (this.#idleTimeout !== Infinity) this.#unused.restart()
  }

  /** Sets the timer for whichever comes first: max-age, or `idleTimeout` after the last use known by now. */
  watch(pool: AgingPool): void {
    const untilOver = this.#maxAge - this.age
    const untilIdle = pool.inFlight > 0 ? this.#idleTimeout : this.#idleTimeout - this.#unused.elapsed()
    // A timer may fire a moment early; then there is a fraction of a millisecond left to wait.
    this.#alarm = this.#clock.setTimer(() => this.#ring(pool), Math.max(1, Math.min(untilOver, untilIdle)))
  }

  /** No timer is left. */
  end(): void {
    this.#alarm?.cancel()
  }

  #ring(pool: AgingPool): void {
    const reason = this.over(pool.inFlight)
    if (reason === undefined) this.watch(pool)
    else pool.outlived(reason)
  }
}
