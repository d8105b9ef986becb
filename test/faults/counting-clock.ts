import type { Clock, Timer } from '../../src/pools/clock.ts'

/** The system's clock, with a count of the timers that are set, and a wall clock that a test can move. */
export class CountingClock implements Clock {
  readonly #clock: Clock
  readonly #timers = new Set<object>()
  #offset = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get timers(): number {
    return this.#timers.size
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  wall(): number {
    return this.#clock.wall() + this.#offset
  }

  /** Sets the wall clock, as an operator does. */
  moveWall(ms: number): void {
    this.#offset += ms
  }

  setTimer(callback: () => void, ms: number): Timer {
    return this.#counted(callback, ms, (counted) => this.#clock.setTimer(counted, ms))
  }

  setDeadline(callback: () => void, ms: number): Timer {
    return this.#counted(callback, ms, (counted) => this.#clock.setDeadline(counted, ms))
  }

  nextTurn(callback: () => void): void {
    this.#clock.nextTurn(callback)
  }

  #counted(callback: () => void, ms: number, set: (callback: () => void) => Timer): Timer {
    const id = {}
    const timer = set(() => {
      this.#timers.delete(id)
      callback()
    })
    if (ms !== Infinity) this.#timers.add(id)
    return {
      cancel: () => {
        this.#timers.delete(id)
        timer.cancel()
      },
    }
  }
}
