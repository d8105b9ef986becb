import { AsyncLocalStorage } from 'node:async_hooks'
import type { Branch } from '../datasource/branch.ts'
import type { PoolUser } from '../pools/pools.ts'
import { shared } from './shared.ts'

/**
 * A unit of work, as copies of the package know each other's: by these methods alone. Whoever changes them, or what they
 * mean, gives {@link storage} another version.
 */
export interface Unit extends PoolUser {
  /** The current branch of `owner`, or `undefined` for its main client. */
  branchFor(owner: object): Branch | undefined
  /** What is current for each owner. */
  branches(): ReadonlyMap<object, Branch | undefined>
  /** Runs `work` in this unit, wherever it is called from, and whether or not the unit has ended. */
  resume<T>(work: () => T): T
}

export const storage = shared('unit-of-work/1', () => new AsyncLocalStorage<Unit | undefined>())
