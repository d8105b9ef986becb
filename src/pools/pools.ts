import { discard } from '../driver/discard.ts'
import type { SqlDriverAdapter } from '../driver/driver-adapter.ts'
import { isInMemory } from '../driver/in-memory.ts'
import { ClosedWhileConnectingError } from '../settings/errors.ts'
import type { CapSettings, PoolSettings } from '../settings/settings.ts'
import { Acquisition } from './acquisition.ts'
import { Candidates } from './candidates.ts'
import { Cap } from './cap.ts'
import { type Clock, Stopwatch, withTimeout } from './clock.ts'
import { type Datasource, identityOf } from './datasource.ts'
import type { BranchEvents, RetireReason } from './events.ts'
import { Opening } from './opening.ts'
import { OwnContext } from './own-context.ts'
import { Pool, type PoolKeeper } from './pool.ts'

/** Who acquires pools for several statements, and what pools have to know of it: a unit of work. */
export interface PoolUser {
  /** Whether a statement on `pool` would be its first one there. */
  isFirstUse(pool: Pool): boolean
  /** It has used `pool`, and is likely to use it again. */
  hold(pool: Pool): void
}

/** All pools of one extension: at most one live pool per datasource, and at most `maxClients` open altogether. */
export class Pools implements PoolKeeper {
  readonly #settings: PoolSettings & CapSettings
  readonly #clock: Clock
  readonly #events: BranchEvents
  readonly #context: OwnContext
  readonly #cap: Cap
  readonly #live = new Map<string, Pool>()
  /** Retired, with work in flight: their connections are still open, and nobody knows for how long. */
  readonly #draining = new Set<Pool>()
  /** Retired, and the driver was told to close them. */
  readonly #closing = new Set<Pool>()
  readonly #candidates = new Candidates()
  readonly #openings = new Map<string, Opening>()
  readonly #acquisitions = new Set<Acquisition>()
  /** Pools noticed to be out of use, until the next turn of the event loop shows whether they stay so. */
  readonly #resting = new Set<Pool>()
  #shutDown = false

  constructor(
    settings: PoolSettings & CapSettings,
    clock: Clock,
    events: BranchEvents,
    context: OwnContext = new OwnContext(),
  ) {
    this.#settings = settings
    this.#clock = context.clock(clock)
    this.#events = events
    this.#context = context
    const pools = {
      live: this.#live,
      draining: this.#draining,
      closing: this.#closing,
      openings: this.#openings,
      candidates: this.#candidates,
    }
    const connect = (opening: Opening) => void context.run(() => this.#connect(opening))
    this.#cap = new Cap(settings, this.#clock, pools, connect)
  }

  /**
   * The pool on which a statement or transaction of `user` starts, with the work begun on it: the caller must `end()`
   * it. At once, without a promise, when there is a live pool that needs no probe.
   */
  acquire(datasource: Datasource, user: PoolUser | undefined): Pool | Promise<Pool> {
    const pool = this.#live.get(datasource.key)
    if (pool === undefined || pool.over !== undefined || this.#needsProbe(pool, user))
      return this.#acquireLater(datasource, user)
    pool.begin()
    user?.hold(pool)
    return pool
  }

  #acquireLater(datasource: Datasource, user: PoolUser | undefined): Promise<Pool> {
    const acquisition = new Acquisition(datasource)
    this.#acquisitions.add(acquisition)
    return acquisition
      .run(() => this.#openOrVerify(acquisition, user))
      .finally(() => this.#acquisitions.delete(acquisition))
  }

  async #openOrVerify(acquisition: Acquisition, user: PoolUser | undefined): Promise<Pool> {
    const { datasource } = acquisition
    for (;;) {
      const pool = this.#live.get(datasource.key)
      if (pool === undefined) {
        // A pool that was opened for this caller is used whatever its age, and is new: not probed (rule H1).
        const opened = await this.#open(acquisition)
        if (opened === undefined) continue
        user?.hold(opened)
        return opened
      }
      const over = this.#replaces(pool)
      if (over !== undefined) {
        void pool.retire(over)
      } else if (await this.#beginFit(pool, acquisition, user)) {
        user?.hold(pool)
        return pool
      }
    }
  }

  /** Why a pool makes way for a successor now, if it does: where there is no room for that, it serves on (rule L3). */
  #replaces(pool: Pool): 'max-age' | 'idle' | undefined {
    const { over } = pool
    return over !== undefined && (pool.isCalm || this.#cap.hasRoom) ? over : undefined
  }

  /** Begins work on a pool if it proves fit for that: before its probe, so that it does not close during that. */
  async #beginFit(pool: Pool, acquisition: Acquisition, user: PoolUser | undefined): Promise<boolean> {
    pool.begin()
    let fit = false
    try {
      fit = !this.#needsProbe(pool, user) || (await this.#verify(pool, acquisition))
      fit &&= pool.state === 'live' && this.#replaces(pool) === undefined
    } finally {
      if (!fit) pool.end()
    }
    return fit
  }

  #verify(pool: Pool, acquisition: Acquisition): Promise<boolean> {
    return new Promise((resolve, reject) => {
      acquisition.wait(pool.verify(), reject).then(resolve, reject)
    })
  }

  /** A unit that has verified a pool, and use that has, need not wait for the probe of others (rule L4). */
  #needsProbe(pool: Pool, user: PoolUser | undefined): boolean {
    if (pool.permanent) return false
    if (pool.health.suspect) return true
    if (!this.#settings.healthChecks || user?.isFirstUse(pool) === false) return false
    return !pool.health.isVerified
  }

  #open(acquisition: Acquisition): Promise<Pool | undefined> {
    const { datasource } = acquisition
    const { acquireTimeout } = this.#settings
    const opening =
      this.#openings.get(datasource.key) ?? new Opening(datasource, this.#clock, (left) => this.#callerLeft(left))
    this.#openings.set(datasource.key, opening)
    const late = () => this.#cap.noRoom(datasource)
    const { pool, leave } = opening.join(acquireTimeout === 0 ? Infinity : acquireTimeout, late)
    const hasPlace = this.#cap.enter(opening)
    // Whether it takes a moment until a place is free is not for the speed of a driver to decide.
    if (acquireTimeout === 0 && !hasPlace) leave(late())
    return acquisition.wait(pool, leave)
  }

  #callerLeft(opening: Opening): void {
    if (opening.callers === 0) this.#forget(opening)
  }

  #forget(opening: Opening): void {
    opening.forget()
    this.#openings.delete(opening.datasource.key)
    this.#cap.leave(opening)
  }

  async #connect(opening: Opening): Promise<void> {
    const { datasource } = opening
    const predecessor = this.#predecessor(datasource)
    if (predecessor !== undefined) await predecessor.closed
    if (opening.isForgotten) return
    const stopwatch = new Stopwatch(this.#clock)
    let adapter: SqlDriverAdapter
    let permanent: boolean | undefined
    try {
      adapter = await datasource.connect()
      permanent = opening.isForgotten ? undefined : await opening.unlessForgotten(isInMemory(adapter))
    } catch (error) {
      if (opening.isForgotten) return
      // Not cached: the next caller tries anew (rule B2).
      this.#openings.delete(datasource.key)
      opening.fail(error)
      this.#cap.admit()
      return
    }
    if (opening.isForgotten) {
      this.#context.run(() => discard(adapter))
      return
    }
    const pool = new Pool(datasource, adapter, stopwatch, permanent === true, {
      settings: this.#settings,
      clock: this.#clock,
      events: this.#events,
      context: this.#context,
      keeper: this,
    })
    this.#openings.delete(datasource.key)
    this.#live.set(datasource.key, pool)
    this.#candidates.opened(pool)
    opening.succeed(pool)
    this.#events.emit('opened', () => ({ ...identityOf(datasource), took: stopwatch.elapsed() }))
    this.#cap.admit()
  }

  /**
   * A pool that has to be closed before the next one opens: SQLite has one writer at a time and refuses a second, and
   * its adapters let writers queue, but only those of one pool.
   */
  #predecessor({ key }: Datasource): Pool | undefined {
    return [...this.#draining, ...this.#closing].find(
      ({ adapter, datasource }) => adapter.provider === 'sqlite' && datasource.key === key,
    )
  }

  used(pool: Pool): void {
    this.#candidates.busy(pool)
  }

  unused(pool: Pool): void {
    this.#candidates.idle(pool)
    // Otherwise an idle pool waits for its alarm or for someone who needs its place.
    const wanted = this.#cap.waiting > 0 || (this.#closesWhenIdle(pool) && pool.idle)
    if (!wanted) return
    // Between two statements of one operation a pool is out of use for some microtasks. It rests if it is so for a turn.
    if (this.#resting.size === 0) this.#clock.nextTurn(() => this.#rested())
    this.#resting.add(pool)
  }

  #rested(): void {
    const resting = [...this.#resting]
    this.#resting.clear()
    for (const pool of resting) {
      if (pool.idle && this.#closesWhenIdle(pool)) void pool.retire(this.#shutDown ? 'shutdown' : 'max-age')
    }
    this.#cap.makeRoom()
  }

  inTransaction(pool: Pool): void {
    this.#candidates.inTransaction(pool)
  }

  calmed(pool: Pool): void {
    this.#candidates.calm(pool)
    this.#cap.calmed()
  }

  retired(pool: Pool): void {
    this.#live.delete(pool.datasource.key)
    this.#candidates.retired(pool)
    this.#draining.add(pool)
  }

  closing(pool: Pool): void {
    this.#draining.delete(pool)
    this.#closing.add(pool)
  }

  closed(pool: Pool): void {
    this.#closing.delete(pool)
  }

  left(): void {
    this.#cap.admit()
  }

  get all(): Pool[] {
    return [...this.#live.values(), ...this.#draining, ...this.#closing]
  }

  get openings(): Opening[] {
    return [...this.#openings.values()]
  }

  has(key: string): boolean {
    return this.#live.has(key) || this.#openings.has(key)
  }

  /**
   * Retires the pools that `which` matches, and waits until they and their like are closed. So it does with the pools that
   * callers wait for, who came before: who waits for a probe finds that pool retired, and opens another. All that within
   * `drainTimeout` and `closeTimeout`, whatever a driver does (rule L5): who still waits then gets an error.
   */
  async close(reason: RetireReason, which: (datasource: Datasource) => boolean = () => true): Promise<void> {
    // By the monotonic clock alone: a wall clock that is set must not cut work.
    const until = this.#clock.monotonic() + this.#settings.drainTimeout
    const retire = () => {
      const left = Math.max(0, until - this.#clock.monotonic())
      for (const pool of this.all) {
        if (!which(pool.datasource)) continue
        void pool.retire(reason, left)
        pool.drainWithin(left)
      }
    }
    const waiting = [...this.#acquisitions].filter(({ datasource }) => which(datasource))
    const openings = [...this.#openings.values()].filter(({ datasource }) => which(datasource))
    retire()
    await this.#settle(waiting, openings)
    retire()
    await Promise.all(this.all.filter(({ datasource, state }) => state !== 'live' && which(datasource)).map(closed))
  }

  /** Waits until those who wait do so no longer, for `drainTimeout`. Whoever came later asks for another pool. */
  async #settle(waiting: readonly Acquisition[], openings: readonly Opening[]): Promise<void> {
    if (waiting.length === 0) return
    const settled = Promise.all(waiting.map((acquisition) => acquisition.settled))
    const { drainTimeout } = this.#settings
    const late = () => new Error('still waiting')
    await withTimeout(this.#clock, settled, drainTimeout, late).catch(() => {
      for (const acquisition of waiting) {
        acquisition.abandon(new ClosedWhileConnectingError(acquisition.datasource.branch, drainTimeout))
      }
      for (const opening of openings) {
        const { isConnecting, datasource } = opening
        if (isConnecting && this.#openings.get(datasource.key) === opening) this.#forget(opening)
      }
    })
    await settled
  }

  /** Closes all. Work that comes later finds a pool, but leaves none behind (rule D3), until {@link start}. */
  async shutDown(): Promise<void> {
    this.#shutDown = true
    await this.close('shutdown')
  }

  start(): void {
    this.#shutDown = false
  }

  /** Retires obsolete pools and closes those that nobody uses, without waiting for the others to drain. */
  async closeObsolete(): Promise<void> {
    const live = [...this.#live.values()]
    for (const pool of live) {
      const over = this.#replaces(pool) ?? (this.#closesWhenIdle(pool) && pool.idle ? 'max-age' : undefined)
      if (over !== undefined) void pool.retire(over)
    }
    const suspects = live.filter((pool) => pool.state === 'live' && pool.health.suspect && pool.idle)
    await Promise.all(suspects.map((pool) => pool.health.verify()))
    await Promise.all(live.filter(({ state }) => state === 'closing').map(closed))
  }

  /** At max-age 0 (rule A9), and whatever is opened after everything was closed. */
  #closesWhenIdle(pool: Pool): boolean {
    return (this.#settings.maxAge === 0 || this.#shutDown) && !pool.permanent
  }
}

const closed = (pool: Pool): Promise<void> => pool.closed
