import type { ClientWatch } from '../../demo/client-watch.ts'
import { slope } from '../../test/leaks/kit/slope.ts'
import type { Faults } from './faults.ts'
import { MEGABYTE, type Recorder } from './recorder.ts'
import { WARM_UP_POOLS } from './scale.ts'
import type { Tally } from './tally.ts'

/** All that is known of a run when it is over. */
export interface Run {
  tally: Tally
  faults: Faults
  recorder: Recorder
  watch: ClientWatch
  /** How many silences there were, and in how many of them the server had no connection any more. */
  silences: number
  emptySilences: number
  /** Silences before which pools were replaced at max-age. */
  swappedBefore: number
  connectionsAtEnd: number
}

/** By which the heap at rest grows with each pool that is closed, once the run is warm. */
export function bytesPerPool(recorder: Recorder): number {
  const points = recorder.points(recorder.heapAtRest).map(({ x, y }) => ({ x: recorder.closed[x] ?? 0, y }))
  return slope(points.filter(({ x }) => x >= WARM_UP_POOLS)) * MEGABYTE
}

export function peakConnections(recorder: Recorder): number {
  return Math.max(...recorder.points(recorder.connections).map(({ y }) => y))
}

export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(0)}`
}
