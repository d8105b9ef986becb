/**
 * The one place where the library meets time. Unit tests put a clock of their own here and move it by hand.
 */
export interface Clock {
  /** Milliseconds of a clock that never goes back. Some systems stop it while the machine sleeps. */
  monotonic(): number
  /** Milliseconds since the epoch. May jump either way when somebody sets the clock. */
  wall(): number
  /** Calls back once, when `ms` milliseconds have passed. Never keeps the process alive. `Infinity` never calls. */
  setTimer(callback: () => void, ms: number): Timer
  /** Calls back on the next turn of the event loop, when every promise reaction queued by now has run. */
  nextTurn(callback: () => void): void
}

export interface Timer {
  cancel(): void
}

/** Node keeps a timer's delay in 31 bits; a longer one would fire at once (rule A8). */
const LONGEST_TIMEOUT = 2 ** 31 - 1

export const systemClock: Clock = {
  monotonic() {
    const [seconds, nanoseconds] = process.hrtime()
    return seconds * 1e3 + nanoseconds / 1e6
  },
  wall: () => Date.now(),
  setTimer(callback, ms) {
    let timeout: NodeJS.Timeout | undefined
    const arm = (left: number) => {
      const step = Math.min(left, LONGEST_TIMEOUT)
      timeout = setTimeout(() => (left > step ? arm(left - step) : callback()), step).unref()
    }
    if (ms !== Infinity) arm(ms)
    return { cancel: () => clearTimeout(timeout) }
  },
  nextTurn: (callback) => void setImmediate(callback),
}

/**
 * Measures the time since it was made: the larger of the monotonic and the wall clock's, so that a process that was
 * frozen knows how long it slept, and a wall clock set back changes nothing (rule A7).
 */
export class Stopwatch {
  readonly #clock: Clock
  readonly #monotonic: number
  readonly #wall: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#monotonic = clock.monotonic()
    this.#wall = clock.wall()
  }

  get startedAt(): Date {
    return new Date(this.#wall)
  }

  elapsed(): number {
    return Math.max(this.#clock.monotonic() - this.#monotonic, this.#clock.wall() - this.#wall)
  }

  /** Whether `ms` have passed. */
  reached(ms: number): boolean {
    return this.#clock.monotonic() - this.#monotonic >= ms || this.#clock.wall() - this.#wall >= ms
  }
}

/**
 * Settles as `work` does, or rejects with what `late()` makes when that takes longer than `ms`. When the timer itself is
 * late, the event loop was blocked, and so was whatever `work` waits for: it gets as much time again, `ms` at most.
 */
export function withTimeout<T>(clock: Clock, work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const due = clock.monotonic() + ms
    let timer = clock.setTimer(() => {
      timer = clock.setTimer(() => reject(late()), Math.min(ms, clock.monotonic() - due))
    }, ms)
    work.then(resolve, reject).finally(() => timer.cancel())
  })
}
