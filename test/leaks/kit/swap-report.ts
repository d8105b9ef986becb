import type { Point } from './slope.ts'

/** What there is at a moment. */
export interface Held {
  /** Adapters that are connected. */
  open: number
  /** On emitters, of whatever kind. */
  listeners: number
  /** Of the library: they run on the clock that it was given. */
  timers: number
  /** Of everybody else in the process. */
  nodeTimers: number
}

/** What `scripts/swaps.ts` prints. */
export interface SwapReport {
  swaps: number
  /** Bytes of heap over swaps, in the second half of them. */
  series: Point[]
  halfWay: Held
  atTheEnd: Held
}
