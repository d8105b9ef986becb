import type { PoolSettings } from '../settings/settings.ts'
import type { Clock, Stopwatch, Timer } from './clock.ts'

/** A pool, as far as its lifetime has to know it. */
export interface AgingPool {
  readonly inFlight: number
  retire(reason: 'max-age' | 'idle'): unknown
}

/** How old a pool is and how long it is unused. Retires it when either is too much, with one timer per pool (rule A4). */
export class Lifetime {
  readonly #stopwatch: Stopwatch
  readonly #clock: Clock
  readonly #maxAge: number
  readonly #idleTimeout: number
  /** Monotonic time, kept only if it is asked for. */
  #unusedSince: number
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
    this.#unusedSince = clock.monotonic()
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

  /** Nothing is in flight any more. */
  unused(): void {
    if (this.#idleTimeout !== Infinity) this.#unusedSince = this.#clock.monotonic()
  }

  /** Sets the timer for whichever comes first: max-age, or `idleTimeout` after the last use known by now. */
  watch(pool: AgingPool): void {
    const untilOver = this.#maxAge - this.age
    const untilIdle = pool.inFlight > 0 ? this.#idleTimeout : this.#idleTimeout - this.#unusedFor()
    // A timer may fire a moment early; then there is a fraction of a millisecond left to wait.
    this.#alarm = this.#clock.setTimer(() => this.#ring(pool), Math.max(1, Math.min(untilOver, untilIdle)))
  }

  /** No timer is left. */
  end(): void {
    this.#alarm?.cancel()
  }

  #ring(pool: AgingPool): void {
    if (this.isOver) pool.retire('max-age')
    else if (pool.inFlight === 0 && this.#unusedFor() >= this.#idleTimeout) pool.retire('idle')
    else this.watch(pool)
  }

  #unusedFor(): number {
    return this.#clock.monotonic() - this.#unusedSince
  }
}
