import { identityOf } from './datasource.ts'
import type { RetireReason } from './events.ts'
import type { Opening } from './opening.ts'
import type { Pool, PoolState } from './pool.ts'
import type { Pools } from './pools.ts'

/** One row of `$branches.stats()`. All durations are milliseconds. Plain data: fit for JSON, and without secrets. */
export interface PoolStats {
  /** The name under which the branch was asked for first. */
  branch: string
  /** The datasource URL without user, password or any parameter but `schema`. */
  url: string
  /** `waiting` for room under `maxClients`, being `opened`, or as the pool is. */
  state: 'waiting' | 'opening' | Exclude<PoolState, 'closed'>
  /** When connecting started, as an ISO date. `null` for a pool that is not open yet. */
  openedAt: string | null
  /** Since then; for a pool that is not open yet, since it was asked for. */
  age: number
  /** Statements and transactions under way; for a pool that is not open yet, those that wait for it. */
  inFlight: number
  /** Saw an error of its connection since it was last verified: its next use probes it. */
  suspect: boolean
  /** When it was probed last, as an ISO date, and how that went. */
  lastProbe: { ok: boolean; at: string } | null
  /** Why it takes no new work. */
  retired: RetireReason | null
}

/** One row per pool, those first that are open. */
export function poolStats(pools: Pools): PoolStats[] {
  return [...pools.all.map(openPool), ...pools.openings.map(comingPool)]
}

function openPool(pool: Pool): PoolStats {
  const { lastProbe, suspect } = pool.health
  return {
    ...identityOf(pool.datasource),
    // A closed pool is out of all lists before anybody can ask for it.
    state: pool.state as PoolStats['state'],
    openedAt: pool.openedAt.toISOString(),
    age: pool.age,
    inFlight: pool.inFlight,
    suspect,
    lastProbe: lastProbe === undefined ? null : { ok: lastProbe.ok, at: lastProbe.at.toISOString() },
    retired: pool.reason ?? null,
  }
}

function comingPool(opening: Opening): PoolStats {
  return {
    ...identityOf(opening.datasource),
    state: opening.isConnecting ? 'opening' : 'waiting',
    openedAt: null,
    age: opening.age,
    inFlight: opening.callers,
    suspect: false,
    lastProbe: null,
    retired: null,
  }
}
