import type { Clock, Timer } from '../../src/pools/clock.ts'

interface Pending {
  at: number
  keepsAlive: boolean
  callback: () => void
}

/** A clock that a test moves by hand. Nothing here sleeps. */
export class ManualClock implements Clock {
  #monotonic = 1_000
  #wall = Date.UTC(2026, 0, 1)
  readonly #timers = new Set<Pending>()

  monotonic = () => this.#monotonic
  wall = () => this.#wall

  setTimer = (callback: () => void, ms: number): Timer => this.#set(callback, ms, false)
  setDeadline = (callback: () => void, ms: number): Timer => this.#set(callback, ms, true)

  nextTurn(callback: () => void): void {
    setImmediate(callback)
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Those that would keep a process alive. */
  get deadlines(): number {
    return [...this.#timers].filter(({ keepsAlive }) => keepsAlive).length
  }

  /** Lets time pass: fires what is due, in order, and lets everything that follows from it happen. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms
    await this.settle()
    for (let next = this.#due(until); next !== undefined; next = this.#due(until)) {
      this.jump(Math.max(0, next.at - this.#monotonic))
      this.#timers.delete(next)
      next.callback()
      await this.settle()
    }
    this.jump(until - this.#monotonic)
    await this.settle()
  }

  /** Lets time pass while the event loop is blocked: no timer gets to fire. */
  jump(ms: number): void {
    this.#monotonic += ms
    this.#wall += ms
  }

  /** Sets the wall clock alone, as an operator does, or as a machine finds it that was asleep. */
  moveWall(ms: number): void {
    this.#wall += ms
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  #set(callback: () => void, ms: number, keepsAlive: boolean): Timer {
    const pending = { at: this.#monotonic + ms, callback, keepsAlive }
    if (ms !== Infinity) this.#timers.add(pending)
    return { cancel: () => void this.#timers.delete(pending) }
  }

  #due(until: number): Pending | undefined {
    return [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
  }
}
