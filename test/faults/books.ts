import { expect } from 'vitest'
import type { PostgresDatabase } from '../kit/postgres-database.ts'
import { type ExtensionContender, MAIN_POOL_SIZE, POOL_SIZE } from './contender.ts'
import { HUNG } from './slack.ts'

/** Nothing in flight, at most one pool a branch, every retired pool closed, and no connection that no pool accounts for. */
export async function checkBooks(extension: ExtensionContender, database: PostgresDatabase): Promise<void> {
  // Pools go on to grow old, and take a moment to close: what must come to hold is asked for at one moment each.
  const notLive = () => extension.stats().filter(({ inFlight, state }) => inFlight > 0 || state !== 'live')
  await expect.poll(notLive, { timeout: HUNG }).toEqual([])
  const branches = extension
    .stats()
    .filter(({ state }) => state === 'live')
    .map(({ branch }) => branch)
  expect(new Set(branches).size).toBe(branches.length)
  // A pool has one timer: for its max-age, or for its driver to close it.
  await expect.poll(() => extension.clock.timers - extension.stats().length, { timeout: HUNG }).toBe(0)
  const most = branches.length * POOL_SIZE + MAIN_POOL_SIZE
  await expect.poll(() => database.connections(), { timeout: HUNG }).toBeLessThanOrEqual(most)
}

/** No pool, no timer, no connection. */
export async function checkClosed(extension: ExtensionContender, database: PostgresDatabase): Promise<void> {
  expect(extension.stats()).toEqual([])
  expect(extension.clock.timers).toBe(0)
  await expect.poll(() => database.connections(), { timeout: HUNG }).toBe(0)
}
