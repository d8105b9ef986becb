import { AcquireTimeoutError } from '../settings/errors.ts'
import type { CapSettings } from '../settings/settings.ts'
import type { Candidates } from './candidates.ts'
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
  readonly draining: ReadonlySet<Pool>
  readonly closing: ReadonlySet<Pool>
  readonly openings: ReadonlyMap<string, Opening>
  readonly candidates: Candidates
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
  /** Rings as long as somebody waits, whose time it is: it keeps the process alive (rule L1). */
  #patienceTimer: Timer | undefined
  /** Those in the queue that have waited long enough for a busy pool to be asked, and for whom none was found yet. */
  readonly #overdue = new Set<Opening>()

  /** @param connect is called with each opening that has room; it is among the pools' openings until it is over */
  constructor(settings: CapSettings, clock: Clock, pools: CappedPools, connect: (opening: Opening) => void) {
    this.#settings = settings
    this.#clock = clock
    this.#pools = pools
    this.#connect = connect
    // Without any time to wait, nobody waits for a busy pool.
    const { acquireTimeout } = settings
    this.#patience = acquireTimeout === 0 ? Infinity : Math.min(acquireTimeout / 4, LONGEST_PATIENCE)
  }

  /** Openings without room. */
  get waiting(): number {
    return this.#queue.size
  }

  /** Whether one more pool would have a place for certain: a free one, or that of a pool which nobody uses. */
  get hasRoom(): boolean {
    return this.#queue.size === 0 && (this.#open < this.#settings.maxClients || this.#pools.candidates.anyIdle)
  }

  /** @returns whether it has a place, or one for certain as soon as a driver has closed a pool that nobody uses */
  enter(opening: Opening): boolean {
    if (!opening.isConnecting) this.#queue.add(opening)
    this.admit()
    return opening.isConnecting || this.#queue.size <= this.#pools.closing.size
  }

  /** Its place in the queue goes to the next (rule C3). */
  leave(opening: Opening): void {
    this.#queue.delete(opening)
    this.#overdue.delete(opening)
    this.admit()
  }

  /** Gives free room to those who wait for it, in order, and sees to more room if that is not enough. */
  admit(): void {
    for (const opening of this.#queue) {
      if (this.#open >= this.#settings.maxClients) break
      this.#queue.delete(opening)
      this.#overdue.delete(opening)
      opening.connecting()
      this.#connect(opening)
    }
    this.makeRoom()
  }

  /**
   * Evicts pools until each who waits has a place coming free, as far as there are {@link Candidates}. A pool that closes
   * is such a place; one that drains is none, since nobody knows for how long it will (rule L3).
   */
  makeRoom(): void {
    if (this.#queue.size === 0) {
      this.#patienceTimer?.cancel()
      this.#patienceTimer = undefined
      return
    }
    for (let needed = this.#queue.size - this.#pools.closing.size; needed > 0; needed--) {
      const [overdue] = this.#overdue
      const pool = this.#pools.candidates.choose(overdue !== undefined)
      if (pool === undefined) break
      if (pool.inFlight > 0 && overdue !== undefined) this.#overdue.delete(overdue)
      void pool.retire('evicted')
    }
    this.#patienceTimer ??= this.#clock.setDeadline(() => this.#losePatience(), this.#patience)
  }

  /** A transaction ended, and no other is open on its pool. */
  calmed(): void {
    if (this.#overdue.size > 0) this.makeRoom()
  }

  /**
   * Pools that are never idle must not starve the branches that wait: for each of these one is asked to make room, as
   * often as it has to lose patience. What is in flight there finishes, and its own branch queues up behind the others.
   */
  #losePatience(): void {
    this.#patienceTimer = undefined
    for (const opening of this.#queue) {
      if (!opening.hasWaited(this.#patience)) break
      this.#overdue.add(opening)
    }
    this.makeRoom()
  }

  /** Why a caller has waited in vain. */
  noRoom({ branch }: Datasource): AcquireTimeoutError {
    return new AcquireTimeoutError(branch, this.#settings)
  }

  /** Pools that hold connections: live, draining, closing, or being connected. */
  get #open(): number {
    const { live, draining, closing, openings } = this.#pools
    return live.size + draining.size + closing.size + openings.size - this.#queue.size
  }
}
