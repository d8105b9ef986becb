import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ConnectionCounter } from '../../demo/connection-counter.ts'
import { HEAP_EVERY, LONGEST, SECONDS } from './scale.ts'
import type { Tally } from './tally.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

export const MEGABYTE = 1_000_000

/** One figure a second. */
export type Series = Float64Array

/** Measures once a second. All space is taken at the start, so that measuring adds nothing to what is measured. */
export class Recorder {
  /** In use after a garbage collection, in MB. Between two collections there is no figure: NaN. */
  readonly heap = series()
  /** The same, when nothing is under way. */
  readonly heapAtRest = series()
  /** Resident, in MB. */
  readonly rss = series()
  /** The most that the server counted within that second. */
  readonly connections = series()
  readonly operations = series()
  /** Pools that were closed by then. */
  readonly closed = series()
  #second = 0
  #before = 0

  /** How many seconds were measured. */
  get seconds(): number {
    return this.#second
  }

  measure(counter: ConnectionCounter, tally: Tally, closed: number, atRest: boolean): void {
    const second = this.#second++
    this.closed[second] = closed
    this.connections[second] = counter.peak
    counter.peak = counter.count
    this.operations[second] = tally.operations - this.#before
    this.#before = tally.operations
    this.rss[second] = process.memoryUsage.rss() / MEGABYTE
    if (!atRest && second % HEAP_EVERY !== 0) return
    collectGarbage()
    this.heap[second] = process.memoryUsage().heapUsed / MEGABYTE
    if (atRest) this.heapAtRest[second] = this.heap[second]
  }

  /** The seconds that have a figure, with it, from `from` on. */
  points(series: Series, from = 0): { x: number; y: number }[] {
    const points = Array.from(series.subarray(0, this.#second), (y, x) => ({ x, y }))
    return points.filter(({ x, y }) => x >= from && !Number.isNaN(y))
  }
}

/** Room for the longest run. */
function series(): Series {
  return new Float64Array(SECONDS * (LONGEST + 1)).fill(Number.NaN)
}
