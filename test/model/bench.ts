import type { Scheduler } from 'fast-check'
import { ManagedAdapterFactory } from '../../src/adapter/managed-adapter.ts'
import type { Datasource } from '../../src/pools/datasource.ts'
import { BranchEvents } from '../../src/pools/events.ts'
import type { Pool, PoolState } from '../../src/pools/pool.ts'
import { Pools } from '../../src/pools/pools.ts'
import { poolStats } from '../../src/pools/stats.ts'
import { CloseTimeoutError } from '../../src/settings/errors.ts'
import { Application, type Branch } from './application.ts'
import type { Coverage } from './coverage.ts'
import { type FakeAdapter, FakeDatabase } from './fake-driver.ts'
import { type Connection, isLive, Ledger } from './ledger.ts'
import { ModelClock } from './model-clock.ts'
import { Watch } from './oracle/watch.ts'
import type { World } from './oracle/world.ts'
import type { Setting } from './settings.ts'
import { Steps, turn } from './steps.ts'

/** The real pools and adapters on a fake driver and clock, an application that uses them, and the watch over it all. */
export class Bench implements World {
  readonly steps: Steps
  readonly clock: ModelClock
  readonly ledger: Ledger
  readonly pools: Pools
  readonly application: Application
  readonly branches: readonly Branch[]
  readonly line = new Map<object, number>()
  readonly #watch: Watch

  constructor(
    scheduler: Scheduler,
    readonly setting: Setting,
    readonly coverage: Coverage,
  ) {
    this.steps = new Steps(scheduler)
    this.clock = new ModelClock(this.steps)
    this.ledger = new Ledger(this.clock)
    this.#watch = new Watch(this, coverage)
    const events = new BranchEvents()
    this.pools = new Pools(setting.settings, this.clock, events)
    this.application = new Application(this.pools, this.ledger, this.#watch)
    this.branches = setting.branches.map((kind, i) => {
      const name = `b${i}`
      const operation = (id: string) => this.application.operations.get(id)
      const database = new FakeDatabase(name, kind, this.steps, this.ledger, this.#watch, operation)
      const datasource: Datasource = { key: name, label: name, branch: name, connect: () => database.connect() }
      const factory = new ManagedAdapterFactory(database, datasource, this.pools)
      return { name, database, factory, client: undefined, connecting: undefined }
    })
    this.#listen(events)
  }

  get units() {
    return this.application.units
  }

  get closing() {
    return [...this.application.closings.values()].filter((over) => over === undefined).length
  }

  get closingSince() {
    const closings = [...this.application.closings]
    const now = closings.filter(([, over]) => over === undefined || over.turn === this.ledger.turn)
    return Math.min(...now.map(([called]) => called.time))
  }

  stats() {
    return poolStats(this.pools)
  }

  poolOf(connection: Connection): Pool | undefined {
    return this.pools.all.find((pool) => connectionOf(pool) === connection)
  }

  /** Lets the promise reactions run that are queued, and looks at what has come of it. */
  async rest(): Promise<void> {
    await turn()
    this.ledger.turn++
    const { openings } = this.pools
    for (const opening of this.line.keys()) if (!openings.some((other) => other === opening)) this.line.delete(opening)
    for (const opening of openings) {
      if (!opening.isConnecting && !this.line.has(opening)) this.line.set(opening, this.ledger.turn)
    }
    this.#watch.rests()
  }

  /** Everything has ended, and should have left nothing. */
  over(): void {
    this.#watch.ends()
  }

  /** Notes what the events tell, at the connection that they are about. */
  #listen(events: BranchEvents): void {
    const { coverage, ledger, setting } = this
    const find = (state: PoolState, which: (connection: Connection) => boolean) => {
      const pools = this.pools.all.filter((pool) => pool.state === state)
      return pools.map(connectionOf).find(which) as Connection
    }
    events.on('opened', ({ branch }) => {
      const connection = find('live', (it) => it.branch === branch && it.opened === undefined)
      connection.opened = connection.verified = connection.unusedSince = ledger.now()
      ledger.tell('opened', `#${connection.number} of ${branch}`)
      coverage.opened(this, connection)
    })
    events.on('retired', ({ branch, reason, inFlight }) => {
      const connection = find('draining', (it) => it.branch === branch && isLive(it))
      ledger.tell('retired', `#${connection.number} of ${branch}`, reason, `${inFlight} in flight`)
      this.#watch.retires(connection, reason)
      connection.retired = ledger.now()
      connection.reason = reason
      coverage.retired(this, connection, reason, inFlight)
    })
    events.on('closed', ({ branch }) => {
      const over = (it: Connection) => it.branch === branch && it.retired !== undefined && it.closed === undefined
      const connection = [...ledger.open].find((it) => over(it) && this.poolOf(it) === undefined) as Connection
      ledger.tell('closed', `#${connection.number} of ${branch}`)
      this.#watch.closes(connection)
      connection.closed = ledger.now()
      if (connection.disposed !== undefined) ledger.open.delete(connection)
    })
    events.on('probed', ({ ok, took }) => {
      const hung = took >= setting.settings.probeTimeout
      coverage.count('a probe hung', !ok && hung)
      coverage.count('a probe failed', !ok && !hung)
      coverage.count('a probe outlasted its time while others were at work', ok && took > setting.settings.probeTimeout)
    })
    events.on('drainTimedOut', ({ branch }) => {
      const connection = this.pools.all
        .filter((pool) => pool.datasource.key === branch && pool.wasCut)
        .map(connectionOf)
        .find((it) => it.cut === undefined) as Connection
      this.#watch.cuts(connection)
      connection.cut = ledger.now()
      ledger.tell('cut', `#${connection.number} of ${branch}`)
      coverage.count('a drain took longer than drainTimeout', true)
    })
    events.on('closeFailed', ({ error }) => {
      coverage.count(error instanceof CloseTimeoutError ? 'a close hung' : 'a close failed', true)
    })
  }
}

const connectionOf = (pool: Pool): Connection => (pool.adapter as FakeAdapter).connection
