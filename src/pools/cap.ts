import { AcquireTimeoutError } from '../settings/errors.ts'
import type { CapSettings } from '../settings/settings.ts'
import type { Clock, Timer } from './clock.ts'
import type { Datasource } from './datasource.ts'
import type { Opening } from './opening.ts'
import type { Pool } from './pool.ts'

/**
 * How long callers wait for a pool to go idle before busy ones are asked to make room: a quarter of `acquireTimeout`,
 * and at most this, which leaves half of the 2 s that Prisma gives a transaction to start.
 */
const LONGEST_PATIENCE = 1_000

/** The pools, by what the cap has to know of them. */
export interface CappedPools {
  readonly live: ReadonlyMap<string, Pool>
  readonly retired: ReadonlySet<Pool>
  readonly openings: ReadonlyMap<string, Opening>
}

/** The bound on open pools, and the queue of those who wait for room under it. */
export class Cap {
  readonly #settings: CapSettings
  readonly #clock: Clock
  readonly #pools: CappedPools
  readonly #connect: (opening: Opening) => void
  /** Openings that wait for room, first come first served (rule C2). */
  readonly #queue = new Set<Opening>()
  readonly #patience: number
  #patienceTimer: Timer | undefined

  /** @param connect is called with each opening that has room; it is among the pools' openings until it is over */
  constructor(settings: CapSettings, clock: Clock, pools: CappedPools, connect: (opening: Opening) => void) {
    this.#settings = settings
    this.#clock = clock
    this.#pools = pools
    this.#connect = connect
    this.#patience = Math.min(settings.acquireTimeout / 4, LONGEST_PATIENCE)
  }

  /** Openings without room. */
  get waiting(): number {
    return this.#queue.size
  }

  enter(opening: Opening): void {
    if (!opening.isConnecting) this.#queue.add(opening)
    this.admit()
  }

  /** Its place in the queue goes to the next (rule C3). */
  leave(opening: Opening): void {
    this.#queue.delete(opening)
    this.admit()
  }

  /** Gives free room to those who wait for it, in order, and sees to more room if that is not enough. */
  admit(): void {
    for (const opening of this.#queue) {
      if (this.#open >= this.#settings.maxClients) break
      this.#queue.delete(opening)
      opening.connecting()
      this.#connect(opening)
    }
    this.makeRoom()
  }

  /** Evicts idle pools, least recently used first, until each who waits has a place coming free. */
  makeRoom(): void {
    if (this.#queue.size === 0) {
      this.#patienceTimer?.cancel()
      this.#patienceTimer = undefined
      return
    }
    const closing = [...this.#pools.retired].filter((pool) => pool.inFlight === 0).length
    const idle = this.#evictable.filter((pool) => pool.idle).sort((a, b) => a.lastUse - b.lastUse)
    for (const pool of idle.slice(0, Math.max(0, this.#queue.size - closing))) void pool.retire('evicted')
    this.#patienceTimer ??= this.#clock.setTimer(() => this.#rotate(), this.#patience)
  }

  /**
   * Pools that are never idle must not starve the branches that wait: those open longest are asked to make room. What
   * is in flight on them finishes, and their own branches queue up behind the others.
   */
  #rotate(): void {
    this.#patienceTimer = undefined
    const now = this.#clock.monotonic()
    const overdue = [...this.#queue].filter(({ since }) => now - since >= this.#patience).length
    const oldest = this.#evictable.sort((a, b) => b.age - a.age)
    for (const pool of oldest.slice(0, Math.max(0, overdue - this.#pools.retired.size))) void pool.retire('evicted')
    this.makeRoom()
  }

  /** Why a caller has waited in vain. */
  noRoom({ branch }: Datasource): AcquireTimeoutError {
    return new AcquireTimeoutError(branch, this.#settings)
  }

  get #evictable(): Pool[] {
    return [...this.#pools.live.values()].filter((pool) => !pool.permanent)
  }

  /** Pools that hold connections: live, draining, closing, or being connected. */
  get #open(): number {
    const { live, retired, openings } = this.#pools
    return live.size + retired.size + openings.size - this.#queue.size
  }
}
