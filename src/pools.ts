import { type Clock, Stopwatch, type Timer } from './clock.ts'
import { type Datasource, identityOf } from './datasource.ts'
import { AcquireTimeoutError } from './errors.ts'
import type { BranchEvents, RetireReason } from './events.ts'
import { isInMemory } from './in-memory.ts'
import { Opening } from './opening.ts'
import { Pool, type PoolKeeper } from './pool.ts'
import type { CapSettings, PoolSettings } from './settings.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/**
 * How long callers wait for a pool to go idle before busy ones are asked to make room: a quarter of `acquireTimeout`,
 * and at most this, which leaves half of the 2 s that Prisma gives a transaction to start.
 */
const LONGEST_PATIENCE = 1_000

/** How many branches an {@link AcquireTimeoutError} names. */
const BUSIEST = 3

interface Search {
  readonly datasource: Datasource
  /** Settles when the caller has a pool, or none. Never rejects. */
  readonly over: Promise<void>
}

/**
 * All pools of one extension: at most one live pool per datasource, at most `maxClients` open altogether, and a queue
 * for those who find no room.
 */
export class Pools implements PoolKeeper {
  readonly #settings: PoolSettings & CapSettings
  readonly #clock: Clock
  readonly #events: BranchEvents
  readonly #live = new Map<string, Pool>()
  /** Draining and closing: they take no work, but their connections are still open. */
  readonly #retired = new Set<Pool>()
  readonly #openings = new Map<string, Opening>()
  /** Openings that wait for room, first come first served (rule C2). */
  readonly #queue = new Set<Opening>()
  /** Callers who wait for a pool: for it to open, or for its probe. */
  readonly #searches = new Set<Search>()
  /** Pools noticed to be out of use, until the next turn of the event loop shows whether they stay so. */
  readonly #resting = new Set<Pool>()
  readonly #patience: number
  #patienceTimer: Timer | undefined

  constructor(settings: PoolSettings & CapSettings, clock: Clock, events: BranchEvents) {
    this.#settings = settings
    this.#clock = clock
    this.#events = events
    this.#patience = Math.min(settings.acquireTimeout / 4, LONGEST_PATIENCE)
  }

  /**
   * The pool on which a statement or transaction of `unit` starts, with the work begun on it: the caller must `end()`
   * it. At once, without a promise, when there is a live pool that needs no probe.
   */
  use(datasource: Datasource, unit: UnitOfWork | undefined): Pool | Promise<Pool> {
    const pool = this.#live.get(datasource.key)
    if (pool === undefined || pool.obsolete || this.#needsProbe(pool, unit)) return this.#search(datasource, unit)
    pool.begin()
    unit?.hold(pool)
    return pool
  }

  #search(datasource: Datasource, unit: UnitOfWork | undefined): Promise<Pool> {
    const found = this.#find(datasource, unit)
    const done = () => void this.#searches.delete(search)
    const search: Search = { datasource, over: found.then(done, done) }
    this.#searches.add(search)
    return found
  }

  async #find(datasource: Datasource, unit: UnitOfWork | undefined): Promise<Pool> {
    for (;;) {
      const pool = this.#live.get(datasource.key)
      if (pool?.obsolete) {
        void pool.retire('max-age')
      } else if (pool === undefined) {
        // A pool that was opened for this caller is used whatever its age, and is new: not probed (rule H1).
        const opened = await this.#open(datasource)
        unit?.hold(opened)
        return opened
      } else {
        // Begun before the probe, so that the pool does not close during it.
        pool.begin()
        const fit = !this.#needsProbe(pool, unit) || (await pool.verify())
        if (fit && pool.state === 'live' && !pool.obsolete) {
          unit?.hold(pool)
          return pool
        }
        pool.end()
      }
    }
  }

  #needsProbe(pool: Pool, unit: UnitOfWork | undefined): boolean {
    if (pool.permanent) return false
    if (pool.suspect || pool.probing) return true
    if (!this.#settings.healthChecks || unit?.isFirstUse(pool) === false) return false
    return pool.unverifiedFor >= this.#settings.probeInterval
  }

  #open(datasource: Datasource): Promise<Pool> {
    let opening = this.#openings.get(datasource.key)
    if (opening === undefined) {
      opening = new Opening(datasource, this.#clock)
      this.#openings.set(datasource.key, opening)
      this.#queue.add(opening)
    }
    const joined = opening
    const pool = joined.join(this.#settings.acquireTimeout, () => {
      if (joined.callers === 0) this.#leaveQueue(joined)
      return this.#noRoom(datasource)
    })
    this.#admit()
    return pool
  }

  /** Nobody waits for this opening any more: its place in the queue goes to the next (rule C3). */
  #leaveQueue(opening: Opening): void {
    this.#queue.delete(opening)
    this.#openings.delete(opening.datasource.key)
    this.#admit()
  }

  /** Gives free room to those who wait for it, in order, and sees to more room if that is not enough. */
  #admit(): void {
    for (const opening of this.#queue) {
      if (this.open >= this.#settings.maxClients) break
      this.#queue.delete(opening)
      opening.connecting()
      void this.#connect(opening)
    }
    if (this.#queue.size > 0) {
      this.#makeRoom()
    } else {
      this.#patienceTimer?.cancel()
      this.#patienceTimer = undefined
    }
  }

  async #connect(opening: Opening): Promise<void> {
    const { datasource } = opening
    const stopwatch = new Stopwatch(this.#clock)
    try {
      const adapter = await datasource.connect()
      const permanent = await isInMemory(adapter)
      const pool = new Pool(datasource, adapter, stopwatch, permanent, {
        settings: this.#settings,
        clock: this.#clock,
        events: this.#events,
        keeper: this,
      })
      this.#openings.delete(datasource.key)
      this.#live.set(datasource.key, pool)
      opening.succeed(pool)
      this.#events.emit('opened', () => ({ ...identityOf(datasource), took: stopwatch.elapsed() }))
    } catch (error) {
      // Not cached: the next caller tries anew (rule B2).
      this.#openings.delete(datasource.key)
      opening.fail(error)
    }
    this.#admit()
  }

  /** Evicts idle pools, least recently used first, until each who waits has a place coming free. */
  #makeRoom(): void {
    const closing = [...this.#retired].filter((pool) => pool.inFlight === 0).length
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
    for (const pool of oldest.slice(0, Math.max(0, overdue - this.#retired.size))) void pool.retire('evicted')
    if (this.#queue.size > 0) this.#makeRoom()
  }

  get #evictable(): Pool[] {
    return [...this.#live.values()].filter((pool) => !pool.permanent)
  }

  #noRoom({ branch }: Datasource): AcquireTimeoutError {
    const busiest = this.all
      .sort((a, b) => b.inFlight - a.inFlight)
      .slice(0, BUSIEST)
      .map(({ datasource, inFlight }) => `${JSON.stringify(datasource.branch)} (${inFlight} in flight)`)
    return new AcquireTimeoutError(branch, this.#settings, busiest)
  }

  released(pool: Pool): void {
    // Otherwise an idle pool waits for its alarm or for someone who needs its place.
    const wanted = this.#closesWhenIdle(pool) || this.#queue.size > 0
    if (!wanted || !pool.idle || this.#resting.has(pool)) return
    // Between two statements of one operation a pool is out of use for some microtasks. It rests if it is so for a turn.
    this.#resting.add(pool)
    this.#clock.nextTurn(() => {
      this.#resting.delete(pool)
      if (pool.idle && this.#closesWhenIdle(pool)) void pool.retire('max-age')
      else if (this.#queue.size > 0) this.#makeRoom()
    })
  }

  retired(pool: Pool): void {
    this.#live.delete(pool.datasource.key)
    this.#retired.add(pool)
  }

  closed(pool: Pool): void {
    this.#retired.delete(pool)
    this.#admit()
  }

  /** Pools that hold connections: live, draining, closing, or being connected. */
  get open(): number {
    return this.#live.size + this.#retired.size + this.#openings.size - this.#queue.size
  }

  get all(): Pool[] {
    return [...this.#live.values(), ...this.#retired]
  }

  get openings(): Opening[] {
    return [...this.#openings.values()]
  }

  has(key: string): boolean {
    return this.#live.has(key) || this.#openings.has(key)
  }

  /**
   * Retires the pools that `which` matches, and waits until they and their like are closed. So it does with the pools that
   * callers wait for, who came before: who waits for a probe finds that pool retired, and opens another.
   */
  async close(reason: RetireReason, which: (datasource: Datasource) => boolean = () => true): Promise<void> {
    const searches = [...this.#searches].filter(({ datasource }) => which(datasource)).map(({ over }) => over)
    const retire = () => {
      for (const pool of [...this.#live.values()]) if (which(pool.datasource)) void pool.retire(reason)
    }
    retire()
    await Promise.all(searches)
    retire()
    await Promise.all([...this.#retired].filter(({ datasource }) => which(datasource)).map(({ closed }) => closed))
  }

  /** Retires obsolete pools and closes those that nobody uses, without waiting for the others to drain. */
  async closeObsolete(): Promise<void> {
    const live = [...this.#live.values()]
    for (const pool of live) {
      if (pool.obsolete || (this.#closesWhenIdle(pool) && pool.idle)) void pool.retire('max-age')
    }
    const suspects = live.filter((pool) => pool.state === 'live' && pool.suspect && pool.idle)
    await Promise.all(suspects.map((pool) => pool.verify()))
    await Promise.all(live.filter((pool) => pool.state === 'closing').map(({ closed }) => closed))
  }

  /** At max-age 0 (rule A9). */
  #closesWhenIdle(pool: Pool): boolean {
    return this.#settings.maxAge === 0 && !pool.permanent
  }
}
