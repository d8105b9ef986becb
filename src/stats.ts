import type { Clock } from './clock.ts'
import { identityOf } from './datasource.ts'
import type { Opening } from './opening.ts'
import type { Pool } from './pool.ts'
import type { Pools } from './pools.ts'
import type { PoolStats } from './surface.ts'

/** One row per pool, those first that are open. */
export function poolStats(pools: Pools, clock: Clock): PoolStats[] {
  const now = clock.monotonic()
  return [...pools.all.map(openPool), ...pools.openings.map((opening) => comingPool(opening, now))]
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

function comingPool(opening: Opening, now: number): PoolStats {
  return {
    ...identityOf(opening.datasource),
    state: opening.isConnecting ? 'opening' : 'waiting',
    openedAt: null,
    age: now - opening.since,
    inFlight: opening.callers,
    suspect: false,
    lastProbe: null,
    retired: null,
  }
}
