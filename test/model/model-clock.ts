import type { Clock, Timer } from '../../src/pools/clock.ts'
import type { Steps } from './steps.ts'

interface Pending {
  readonly at: number
  readonly callback: () => void
}

/**
 * Time moves only when the run says so. A timer that is due fires in order of its time, at a step of its own: after a
 * jump, as when the event loop was blocked, answers of the driver may come before it.
 */
export class ModelClock implements Clock {
  #monotonic = 1_000
  #wall = Date.UTC(2026, 0, 1)
  /** By time, and of the same time in the order they were set. */
  #timers: Pending[] = []
  /** Callbacks that wait for the next turn. */
  turns = 0
  /** When a timer fired late for the last time. */
  lateAt = 0
  /** Milliseconds in which timers were due and could not fire, in all. */
  blocked = 0
  #ringing = false
  readonly #steps: Steps

  constructor(steps: Steps) {
    this.#steps = steps
  }

  monotonic = () => this.#monotonic
  wall = () => this.#wall

  setTimer(callback: () => void, ms: number): Timer {
    if (ms === Infinity) return { cancel() {} }
    const pending = { at: this.#monotonic + ms, callback }
    const later = this.#timers.findIndex(({ at }) => at > pending.at)
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, pending)
    this.#ring()
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((timer) => timer !== pending)
      },
    }
  }

  setDeadline(callback: () => void, ms: number): Timer {
    return this.setTimer(callback, ms)
  }

  nextTurn(callback: () => void): void {
    this.turns++
    this.#steps.later('next turn', () => {
      this.turns--
      callback()
    })
  }

  get timers(): number {
    return this.#timers.length
  }

  /** Milliseconds until the next timer. Not positive if one is due. */
  get untilNext(): number {
    const [next] = this.#timers
    return next === undefined ? Infinity : next.at - this.#monotonic
  }

  get isDue(): boolean {
    return this.untilNext <= 0
  }

  /** Moves time. What becomes due by that fires at a later step. */
  jump(ms: number): void {
    this.#move(ms)
    this.blocked += Math.max(0, -this.untilNext)
    this.#ring()
  }

  /** Sets the wall clock alone (rule A7). */
  moveWall(ms: number): void {
    this.#wall += ms
  }

  /** Moves time to the next timer, unless it is due already, and fires it at once. */
  fireNext(): void {
    const ms = this.untilNext
    if (ms === Infinity) return
    if (ms > 0) this.#move(ms)
    if (ms < 0) this.lateAt = this.#monotonic
    this.#timers.shift()?.callback()
  }

  #move(ms: number): void {
    this.#monotonic += ms
    this.#wall += ms
  }

  #ring(): void {
    if (this.#ringing || !this.isDue) return
    this.#ringing = true
    this.#steps.later('a timer', () => {
      this.#ringing = false
      if (this.isDue) this.fireNext()
      this.#ring()
    })
  }
}
