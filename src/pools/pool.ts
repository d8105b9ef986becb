import type { SqlDriverAdapter } from '../driver/driver-adapter.ts'
import { CloseTimeoutError, DrainTimeoutError } from '../settings/errors.ts'
import type { PoolSettings } from '../settings/settings.ts'
import { type Clock, type Stopwatch, type Timer, withTimeout } from './clock.ts'
import { type Datasource, identityOf } from './datasource.ts'
import type { BranchEvents, RetireReason } from './events.ts'
import { Health } from './health.ts'
import { Lifetime } from './lifetime.ts'
import type { OwnContext } from './own-context.ts'
import type { ProbeOutcome } from './probe.ts'

/** `live` takes work; `draining` finishes what is in flight; `closing` waits for the driver. */
export type PoolState = 'live' | 'draining' | 'closing' | 'closed'

/** What a pool tells the one who keeps it. */
export interface PoolKeeper {
  /** Neither in flight nor held any more. Called at every such moment, so it must be cheap. */
  becameIdle(pool: Pool): void
  retired(pool: Pool): void
  closed(pool: Pool): void
}

/** A transaction that a pool may have to cut. */
export interface OpenTransaction {
  abandon(error: Error): void
}

/** Counts the uses of all pools, which orders them without a clock. */
let uses = 0

export interface PoolContext {
  readonly settings: PoolSettings
  readonly clock: Clock
  readonly events: BranchEvents
  readonly context: OwnContext
  readonly keeper: PoolKeeper
}

/**
 * A connected driver adapter with its age, health and work in flight. It closes once it is retired and nothing is in
 * flight on it, or by force when that takes longer than `drainTimeout`.
 */
export class Pool {
  readonly datasource: Datasource
  readonly adapter: SqlDriverAdapter
  /** Settles when the pool is closed. Never rejects: a close that fails is an event. */
  readonly closed: Promise<void>
  readonly transactions = new Set<OpenTransaction>()
  readonly health: Health

  readonly #context: PoolContext
  readonly #lifetime: Lifetime
  #resolveClosed!: () => void
  #state: PoolState = 'live'
  #reason: RetireReason | undefined
  #inFlight = 0
  #holds = 0
  #lastUse = 0
  #drainTimer: Timer | undefined

  /**
   * @param stopwatch started when connecting started (rule A1)
   * @param permanent a database in memory, which is gone when its pool is: only an explicit close ends it (rule D4)
   */
  constructor(
    datasource: Datasource,
    adapter: SqlDriverAdapter,
    stopwatch: Stopwatch,
    readonly permanent: boolean,
    context: PoolContext,
  ) {
    this.datasource = datasource
    this.adapter = adapter
    this.#context = context
    this.#lifetime = new Lifetime(stopwatch, permanent, context.settings, context.clock)
    this.health = new Health(adapter, context, (outcome) => this.#probed(outcome))
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#lifetime.watch(this)
  }

  get state(): PoolState {
    return this.#state
  }

  get reason(): RetireReason | undefined {
    return this.#reason
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get age(): number {
    return this.#lifetime.age
  }

  get openedAt(): Date {
    return this.#lifetime.startedAt
  }

  /** Of two pools, the one used later has the higher number. */
  get lastUse(): number {
    return this.#lastUse
  }

  /** At max-age or past it. */
  get obsolete(): boolean {
    return this.#lifetime.isOver
  }

  /** In use by nothing and by nobody. */
  get idle(): boolean {
    return this.#inFlight === 0 && this.#holds === 0
  }

  /** A statement or transaction starts. Every `begin` has one `end`. */
  begin(): void {
    this.#inFlight++
    this.#lastUse = ++uses
  }

  end(): void {
    this.#inFlight--
    if (this.#inFlight > 0) return
    this.#lifetime.unused()
    if (this.#state === 'live') this.#checkIdle()
    else if (this.#state === 'draining') void this.#close()
    else void this.#dispose().catch(() => {})
  }

  /** A unit of work used it and is likely to use it again. */
  hold(): void {
    this.#holds++
  }

  unhold(): void {
    this.#holds--
    if (this.#state === 'live') this.#checkIdle()
  }

  #checkIdle(): void {
    if (this.idle) this.#context.keeper.becameIdle(this)
  }

  /** A statement came back with success. */
  succeeded(): void {
    this.health.succeeded()
  }

  /** A statement failed. */
  failed(error: unknown): void {
    // What is in memory has no connection that could break.
    if (this.permanent) return
    this.health.failed(error)
    if (this.health.unreachable) void this.retire('unhealthy')
  }

  #probed({ ok, took, error }: ProbeOutcome): void {
    const { events } = this.#context
    events.emit('probed', () => ({ ...identityOf(this.datasource), ok, took, ...(ok ? {} : { error }) }))
    if (!ok) void this.retire('unhealthy')
  }

  /** No new work from now on; closes when what is in flight ends. Only the first call counts (rule D2). */
  retire(reason: RetireReason): Promise<void> {
    if (this.#state !== 'live') return this.closed
    const { clock, events, keeper, settings } = this.#context
    this.#state = 'draining'
    this.#reason = reason
    this.#lifetime.end()
    events.emit('retired', () => {
      return { ...identityOf(this.datasource), reason, age: this.age, inFlight: this.#inFlight }
    })
    keeper.retired(this)
    if (this.#inFlight === 0) void this.#close()
    else this.#drainTimer = clock.setTimer(() => this.#cut(), settings.drainTimeout)
    return this.closed
  }

  /**
   * The drain took too long. Open transactions are rolled back, after which the pool closes as ever. A statement that
   * hangs is the driver's to end.
   */
  #cut(): void {
    const { clock, events, settings } = this.#context
    const { drainTimeout, closeTimeout } = settings
    events.emit('drainTimedOut', () => ({ ...identityOf(this.datasource), inFlight: this.#inFlight, drainTimeout }))
    const rollingBack = this.transactions.size > 0
    for (const transaction of this.transactions) transaction.abandon(new DrainTimeoutError(drainTimeout))
    if (rollingBack) this.#drainTimer = clock.setTimer(() => this.#countAsClosed(), closeTimeout)
    else this.#countAsClosed()
  }

  async #close(): Promise<void> {
    this.#state = 'closing'
    this.#drainTimer?.cancel()
    const { clock, events, settings } = this.#context
    const late = () => new CloseTimeoutError(settings.closeTimeout)
    try {
      await withTimeout(clock, this.#dispose(), settings.closeTimeout, late)
    } catch (error) {
      events.emit('closeFailed', () => ({ ...identityOf(this.datasource), error }))
    }
    this.#countAsClosed()
  }

  /** Whatever becomes of the driver, its place is free from now on. If work still hangs on it, the driver is told to close when that ends. */
  #countAsClosed(): void {
    const { events, keeper } = this.#context
    this.#state = 'closed'
    events.emit('closed', () => {
      return { ...identityOf(this.datasource), reason: this.#reason as RetireReason, age: this.age }
    })
    keeper.closed(this)
    this.#resolveClosed()
  }

  async #dispose(): Promise<void> {
    await this.#context.context.run(() => this.adapter.dispose())
  }
}
