import { isInMemory } from '../driver/in-memory.ts'
import type { CapSettings, PoolSettings } from '../settings/settings.ts'
import { Cap } from './cap.ts'
import { type Clock, Stopwatch } from './clock.ts'
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

/** A caller who waits for a pool: for it to open, or for its probe. */
interface Acquisition {
  readonly datasource: Datasource
  /** Settles when the caller has a pool, or none. Never rejects. */
  readonly settled: Promise<void>
}

/** All pools of one extension: at most one live pool per datasource, and at most `maxClients` open altogether. */
export class Pools implements PoolKeeper {
  readonly #settings: PoolSettings & CapSettings
  readonly #clock: Clock
  readonly #events: BranchEvents
  readonly #context: OwnContext
  readonly #cap: Cap
  readonly #live = new Map<string, Pool>()
  /** Draining and closing: they take no work, but their connections are still open. */
  readonly #retired = new Set<Pool>()
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
    const pools = { live: this.#live, retired: this.#retired, openings: this.#openings }
    const connect = (opening: Opening) => void context.run(() => this.#connect(opening))
    this.#cap = new Cap(settings, this.#clock, pools, connect)
  }

  /**
   * The pool on which a statement or transaction of `user` starts, with the work begun on it: the caller must `end()`
   * it. At once, without a promise, when there is a live pool that needs no probe.
   */
  acquire(datasource: Datasource, user: PoolUser | undefined): Pool | Promise<Pool> {
    const pool = this.#live.get(datasource.key)
    if (pool === undefined || pool.obsolete || this.#needsProbe(pool, user)) return this.#acquireLater(datasource, user)
    pool.begin()
    user?.hold(pool)
    return pool
  }

  #acquireLater(datasource: Datasource, user: PoolUser | undefined): Promise<Pool> {
    const acquired = this.#openOrVerify(datasource, user)
    const done = () => void this.#acquisitions.delete(acquisition)
    const acquisition: Acquisition = { datasource, settled: acquired.then(done, done) }
    this.#acquisitions.add(acquisition)
    return acquired
  }

  async #openOrVerify(datasource: Datasource, user: PoolUser | undefined): Promise<Pool> {
    for (;;) {
      const pool = this.#live.get(datasource.key)
      if (pool?.obsolete) {
        void pool.retire('max-age')
      } else if (pool === undefined) {
        // A pool that was opened for this caller is used whatever its age, and is new: not probed (rule H1).
        const opened = await this.#open(datasource)
        user?.hold(opened)
        return opened
      } else {
        // Begun before the probe, so that the pool does not close during it.
        pool.begin()
        const fit = !this.#needsProbe(pool, user) || (await pool.health.verify())
        if (fit && pool.state === 'live' && !pool.obsolete) {
          user?.hold(pool)
          return pool
        }
        pool.end()
      }
    }
  }

  #needsProbe(pool: Pool, user: PoolUser | undefined): boolean {
    const { health } = pool
    if (pool.permanent) return false
    if (health.suspect || health.probing) return true
    if (!this.#settings.healthChecks || user?.isFirstUse(pool) === false) return false
    return health.unverifiedFor >= this.#settings.probeInterval
  }

  #open(datasource: Datasource): Promise<Pool> {
    const opening = this.#openings.get(datasource.key) ?? new Opening(datasource, this.#clock)
    this.#openings.set(datasource.key, opening)
    const pool = opening.join(this.#settings.acquireTimeout, () => {
      if (opening.callers === 0) this.#forget(opening)
      return this.#cap.noRoom(datasource)
    })
    this.#cap.enter(opening)
    return pool
  }

  /** Nobody waits for it any more. */
  #forget(opening: Opening): void {
    this.#openings.delete(opening.datasource.key)
    this.#cap.leave(opening)
  }

  async #connect(opening: Opening): Promise<void> {
    const { datasource } = opening
    const predecessor = this.#predecessor(datasource)
    if (predecessor !== undefined) await predecessor.closed
    const stopwatch = new Stopwatch(this.#clock)
    try {
      const adapter = await datasource.connect()
      const permanent = await isInMemory(adapter)
      const pool = new Pool(datasource, adapter, stopwatch, permanent, {
        settings: this.#settings,
        clock: this.#clock,
        events: this.#events,
        context: this.#context,
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
    this.#cap.admit()
  }

  /**
   * A pool that has to be closed before the next one opens: SQLite has one writer at a time and refuses a second, and
   * its adapters let writers queue, but only those of one pool.
   */
  #predecessor({ key }: Datasource): Pool | undefined {
    return [...this.#retired].find(({ adapter, datasource }) => adapter.provider === 'sqlite' && datasource.key === key)
  }

  becameIdle(pool: Pool): void {
    // Otherwise an idle pool waits for its alarm or for someone who needs its place.
    const wanted = this.#closesWhenIdle(pool) || this.#cap.waiting > 0
    if (!wanted || this.#resting.has(pool)) return
    // Between two statements of one operation a pool is out of use for some microtasks. It rests if it is so for a turn.
    this.#resting.add(pool)
    this.#clock.nextTurn(() => {
      this.#resting.delete(pool)
      if (pool.idle && this.#closesWhenIdle(pool)) void pool.retire(this.#shutDown ? 'shutdown' : 'max-age')
      else this.#cap.makeRoom()
    })
  }

  retired(pool: Pool): void {
    this.#live.delete(pool.datasource.key)
    this.#retired.add(pool)
  }

  closed(pool: Pool): void {
    this.#retired.delete(pool)
    this.#cap.admit()
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
    const settled = [...this.#acquisitions].filter(({ datasource }) => which(datasource)).map((one) => one.settled)
    const retire = () => {
      for (const pool of [...this.#live.values()]) if (which(pool.datasource)) void pool.retire(reason)
    }
    retire()
    await Promise.all(settled)
    retire()
    await Promise.all([...this.#retired].filter(({ datasource }) => which(datasource)).map(({ closed }) => closed))
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
      if (pool.obsolete || (this.#closesWhenIdle(pool) && pool.idle)) void pool.retire('max-age')
    }
    const suspects = live.filter((pool) => pool.state === 'live' && pool.health.suspect && pool.idle)
    await Promise.all(suspects.map((pool) => pool.health.verify()))
    await Promise.all(live.filter((pool) => pool.state === 'closing').map(({ closed }) => closed))
  }

  /** At max-age 0 (rule A9), and whatever is opened after everything was closed. */
  #closesWhenIdle(pool: Pool): boolean {
    return (this.#settings.maxAge === 0 || this.#shutDown) && !pool.permanent
  }
}
