/**
 * The one place where the library meets time. Unit tests put a clock of their own here and move it by hand.
 */
export interface Clock {
  /** Milliseconds of a clock that never goes back. Some systems stop it while the machine sleeps. */
  monotonic(): number
  /** Milliseconds since the epoch. May jump either way when somebody sets the clock. */
  wall(): number
  /**
   * For housekeeping: calls back once, when `ms` milliseconds have passed. Never keeps the process alive (rule L1).
   * `Infinity` never calls.
   */
  setTimer(callback: () => void, ms: number): Timer
  /** For work under way: as {@link setTimer}, and keeps the process alive until then, or until it is cancelled (rule L1). */
  setDeadline(callback: () => void, ms: number): Timer
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
  setTimer: (callback, ms) => timer(callback, ms, (timeout) => timeout.unref()),
  setDeadline: (callback, ms) => timer(callback, ms, (timeout) => timeout),
  nextTurn: (callback) => void setImmediate(callback),
}

function timer(callback: () => void, ms: number, kept: (timeout: NodeJS.Timeout) => NodeJS.Timeout): Timer {
  let timeout: NodeJS.Timeout | undefined
  const arm = (left: number) => {
    const step = Math.min(left, LONGEST_TIMEOUT)
    timeout = kept(setTimeout(() => (left > step ? arm(left - step) : callback()), step))
  }
  if (ms !== Infinity) arm(ms)
  return { cancel: () => clearTimeout(timeout) }
}

/**
 * Measures the time since it was started: the larger of the monotonic and the wall clock's, so that a process that was
 * frozen knows how long it slept, and a wall clock set back changes nothing (rules A7, L7).
 */
export class Stopwatch {
  readonly #clock: Clock
  #monotonic: number
  #wall: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#monotonic = clock.monotonic()
    this.#wall = clock.wall()
  }

  restart(): void {
    this.#monotonic = this.#clock.monotonic()
    this.#wall = this.#clock.wall()
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
 * A deadline that asks before it falls. When the timer itself is late, the event loop was blocked, and so was whatever is
 * waited for: that gets as much time again, `ms` at most.
 *
 * @param excused whether what is waited for may take as long again
 */
export function setPatientDeadline(clock: Clock, callback: () => void, ms: number, excused = () => false): Timer {
  let timer: Timer | undefined
  const arm = () => {
    const due = clock.monotonic() + ms
    timer = clock.setDeadline(() => {
      timer = clock.setDeadline(() => (excused() ? arm() : callback()), Math.min(ms, clock.monotonic() - due))
    }, ms)
  }
  arm()
  return { cancel: () => timer?.cancel() }
}

/** Settles as `work` does, or rejects with what `late()` makes when that takes longer than {@link setPatientDeadline} lets it. */
export function withTimeout<T>(
  clock: Clock,
  work: Promise<T>,
  ms: number,
  late: () => Error,
  excused?: () => boolean,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setPatientDeadline(clock, () => reject(late()), ms, excused)
    work.then(resolve, reject).finally(() => timer.cancel())
  })
}
