import { setTimeout as delay } from 'node:timers/promises'
import { type Clock, systemClock, type Timer } from '../src/pools/clock.ts'
import { FakePools } from './fake-pools.ts'

/** Milliseconds of nothing, of which CPU time is measured. */
const REST = 1_000

/** Before that, what opening and closing pools has left behind is done. */
const SETTLE = 300

export interface AtRest {
  /** Milliseconds of CPU in each second of rest. */
  none: number[]
  pools: number[]
  /** How often the library looked at the clock, set a timer or was called by one. */
  wakeUps: number
}

/** What open pools cost that nobody uses: beside none, in turn. */
export async function measureAtRest(pools: number, rounds: number): Promise<AtRest> {
  const seconds: AtRest = { none: [], pools: [], wakeUps: 0 }
  const clock = new WatchedClock(systemClock)
  // Everything that could make a pool wake up is on, and is far away.
  const fake = new FakePools({ maxAge: 3_600_000, idleTimeout: 3_600_000, healthChecks: true }, clock)
  for (let round = 0; round < rounds; round++) {
    seconds.none.push(await rest())
    await fake.openMany(pools)
    await delay(SETTLE)
    const before = clock.uses
    seconds.pools.push(await rest())
    seconds.wakeUps += clock.uses - before
    await fake.close()
    console.log(`at rest, round ${round + 1} of ${rounds}`)
  }
  return seconds
}

/** @returns milliseconds of CPU per second */
async function rest(): Promise<number> {
  await delay(SETTLE)
  const started = performance.now()
  const before = process.cpuUsage()
  await delay(REST)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (performance.now() - started)
}

/** Counts whatever the library does with time. It does nothing by itself but what a clock makes it do. */
class WatchedClock implements Clock {
  uses = 0
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  monotonic(): number {
    this.uses++
    return this.#clock.monotonic()
  }

  wall(): number {
    this.uses++
    return this.#clock.wall()
  }

  setTimer(callback: () => void, ms: number): Timer {
    this.uses++
    return this.#clock.setTimer(() => this.#wake(callback), ms)
  }

  setDeadline(callback: () => void, ms: number): Timer {
    this.uses++
    return this.#clock.setDeadline(() => this.#wake(callback), ms)
  }

  nextTurn(callback: () => void): void {
    this.#clock.nextTurn(() => this.#wake(callback))
  }

  #wake(callback: () => void): void {
    this.uses++
    callback()
  }
}
