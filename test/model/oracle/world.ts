import type { Pool } from '../../../src/pools/pool.ts'
import type { Pools } from '../../../src/pools/pools.ts'
import type { PoolStats } from '../../../src/pools/stats.ts'
import type { Connection, Ledger, Unit } from '../ledger.ts'
import type { ModelClock } from '../model-clock.ts'
import type { Setting } from '../settings.ts'

/** What the invariants look at. */
export interface World {
  readonly setting: Setting
  readonly clock: ModelClock
  readonly ledger: Ledger
  readonly pools: Pools
  readonly units: readonly Unit[]
  /** By opening that waits for room: the turn in which it was first seen. */
  readonly line: ReadonlyMap<object, number>
  /** How many calls that close pools are under way. */
  readonly closing: number
  /** When the first of them was made, and of those that came back in this turn. */
  readonly closingSince: number
  stats(): PoolStats[]
  poolOf(connection: Connection): Pool | undefined
}
