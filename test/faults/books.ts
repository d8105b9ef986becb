import { expect } from 'vitest'
import type { PostgresDatabase } from '../kit/postgres-database.ts'
import { type ExtensionContender, MAIN_POOL_SIZE, POOL_SIZE } from './contender.ts'
import { HUNG } from './slack.ts'

/** Nothing in flight, at most one pool a branch, every retired pool closed, and no connection that no pool accounts for. */
export async function checkBooks(extension: ExtensionContender, database: PostgresDatabase): Promise<void> {
  const states = () => extension.stats().map(({ state }) => state)
  await expect.poll(states, { timeout: HUNG }).not.toContain('draining')
  const stats = extension.stats()
  expect(stats.filter(({ inFlight, state }) => inFlight > 0 || state !== 'live')).toEqual([])
  expect(new Set(stats.map(({ branch }) => branch)).size).toBe(stats.length)
  // A pool has one timer: for its max-age.
  expect(extension.clock.timers).toBe(stats.length)
  const most = stats.length * POOL_SIZE + MAIN_POOL_SIZE
  await expect.poll(() => database.connections(), { timeout: HUNG }).toBeLessThanOrEqual(most)
}

/** No pool, no timer, no connection. */
export async function checkClosed(extension: ExtensionContender, database: PostgresDatabase): Promise<void> {
  expect(extension.stats()).toEqual([])
  expect(extension.clock.timers).toBe(0)
  await expect.poll(() => database.connections(), { timeout: HUNG }).toBe(0)
}
