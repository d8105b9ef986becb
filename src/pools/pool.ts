import type { SqlDriverAdapter } from '../driver/driver-adapter.ts'
import { CloseTimeoutError, DrainTimeoutError } from '../settings/errors.ts'
import type { PoolSettings } from '../settings/settings.ts'
import { type Clock, type Stopwatch, setPatientDeadline, type Timer } from './clock.ts'
import { type Datasource, identityOf } from './datasource.ts'
import type { BranchEvents, RetireReason } from './events.ts'
import { Health } from './health.ts'
import { Lifetime } from './lifetime.ts'
import type { OwnContext } from './own-context.ts'
import type { ProbeOutcome } from './probe.ts'

/** `live` takes work; `draining` finishes what is in flight; `closing` waits for the driver. */
export type PoolState = 'live' | 'draining' | 'closing' | 'closed'

/** What a pool tells the one who keeps it. Called at every statement, so it must be cheap. */
export interface PoolKeeper {
  /** Something is in flight on it, and nothing was. */
  used(pool: Pool): void
  /** Nothing is in flight on it any more, or nobody holds it any more while nothing is. */
  unused(pool: Pool): void
  /** A transaction is open on it, and none was. */
  inTransaction(pool: Pool): void
  /** No transaction is open on it any more. */
  calmed(pool: Pool): void
  retired(pool: Pool): void
  closing(pool: Pool): void
  closed(pool: Pool): void
  /** Its place is free: after everybody was told that it is closed. */
  left(): void
}

/** A transaction that a pool may have to cut. */
export interface OpenTransaction {
  abandon(error: Error): void
}

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
  readonly health: Health

  readonly #context: PoolContext
  readonly #lifetime: Lifetime
  #resolveClosed!: () => void
  #state: PoolState = 'live'
  #reason: RetireReason | undefined
  readonly #transactions = new Set<OpenTransaction>()
  #inFlight = 0
  /** Of what is in flight, those who wait for a probe. */
  readonly #verifying = new Set<(fit: boolean) => void>()
  /** Callers whose statements may wait inside of the driver for a connection. */
  readonly #strandable = new Set<(error: Error) => void>()
  #holds = 0
  /** It has lived long enough, but a transaction is open on it, and nobody needs another yet (rule L3). */
  #overstays: 'max-age' | 'idle' | undefined
  #drainTimer: Timer | undefined
  /** When what is in flight is cut: monotonic time. */
  #cutAt = Infinity
  #wasCut = false
  #closeTimer: Timer | undefined

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
    const isBusy = () => this.#inFlight > this.#verifying.size
    this.health = new Health(adapter, context, isBusy, (outcome) => this.#probed(outcome))
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

  /** Why it is to be replaced, if it is. */
  get over(): 'max-age' | 'idle' | undefined {
    return this.#lifetime.over(this.#inFlight)
  }

  /** No transaction is open on it, or about to be. */
  get isCalm(): boolean {
    return this.#transactions.size === 0
  }

  /** What was in flight on it took longer than it may. */
  get wasCut(): boolean {
    return this.#wasCut
  }

  /** In use by nothing and by nobody. */
  get idle(): boolean {
    return this.#inFlight === 0 && this.#holds === 0
  }

  /** A statement or transaction starts. Every `begin` has one `end`. */
  begin(): void {
    if (this.#inFlight++ === 0) this.#context.keeper.used(this)
  }

  end(): void {
    if (--this.#inFlight > 0) return
    this.#lifetime.unused()
    if (this.#state === 'live') this.#context.keeper.unused(this)
    else if (this.#state === 'draining') this.#close()
  }

  /** What has begun is a transaction. Every `enter` has one `leave`, before its `end`. */
  enter(transaction: OpenTransaction): void {
    this.#transactions.add(transaction)
    if (this.#transactions.size === 1) this.#context.keeper.inTransaction(this)
  }

  leave(transaction: OpenTransaction): void {
    if (!this.#transactions.delete(transaction) || this.#transactions.size > 0) return
    if (this.#state === 'live') {
      const overstays = this.#overstays
      this.#overstays = undefined
      if (overstays === 'idle' || (overstays === 'max-age' && this.#lifetime.isOver)) {
        void this.retire(overstays)
        return
      }
      // Somebody has set the wall clock back meanwhile: it has a part of its life before it again.
      if (overstays !== undefined) this.#lifetime.watch(this)
      this.#context.keeper.calmed(this)
    } else if (this.#wasCut) {
      this.#close()
    }
  }

  /**
   * What comes of a statement that has begun; or an error, when the driver has closed and nothing came: node-postgres never
   * settles what still waits for a connection then.
   */
  orStranded<T>(statement: Promise<T>): Promise<T> {
    // One that is alone on its pool waits for no connection. That is most of them, and promises are dear.
    if (this.#inFlight === 1) return statement
    return new Promise((resolve, reject) => {
      this.#strandable.add(reject)
      statement.then(
        (result) => {
          this.#strandable.delete(reject)
          resolve(result)
        },
        (error: unknown) => {
          this.#strandable.delete(reject)
          reject(error)
        },
      )
    })
  }

  /** A unit of work used it and is likely to use it again. */
  hold(): void {
    this.#holds++
  }

  unhold(): void {
    this.#holds--
    if (this.#state === 'live' && this.#inFlight === 0) this.#context.keeper.unused(this)
  }

  /** Asks the database whether it is there, for work that has begun. At once it is unfit when it is retired. */
  verify(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#verifying.add(resolve)
      void this.health.verify().then((fit) => {
        this.#verifying.delete(resolve)
        resolve(fit)
      })
    })
  }

  /** A statement came back with success. */
  succeeded(): void {
    this.health.succeeded()
  }

  /** A statement of a transaction did, on a connection of its own. */
  answered(): void {
    this.health.answered()
  }

  /** A statement failed. @returns the error for its caller, without the secrets of the datasource URL */
  failed(error: unknown): unknown {
    // What is in memory has no connection that could break.
    if (!this.permanent) {
      this.health.failed(error)
      if (this.health.unreachable) void this.retire('unhealthy')
    }
    return this.#shown(error)
  }

  #shown(error: unknown): unknown {
    const { datasource } = this
    return datasource.redact === undefined ? error : datasource.redact(error)
  }

  #probed({ ok, took, error }: ProbeOutcome): void {
    const { events } = this.#context
    const why = () => (ok ? {} : { error: this.#shown(error) })
    events.emit('probed', () => ({ ...identityOf(this.datasource), ok, took, ...why() }))
    if (!ok) void this.retire('unhealthy')
  }

  /**
   * It is retired, unless a transaction is open on it: whoever has that open may need another statement beside it, for
   * which there must be room. So it serves on until that has ended, or until there is somebody, and room, for a successor.
   */
  outlived(reason: 'max-age' | 'idle'): void {
    if (this.isCalm) void this.retire(reason)
    else this.#overstays = reason
  }

  /**
   * No new work from now on; closes when what is in flight ends. Only the first call counts (rule D2).
   *
   * @param drainTimeout how long that may take. An eviction cuts nothing (rule L3): such a pool drains as long as its work
   *   takes, unless somebody wants it closed meanwhile
   */
  retire(
    reason: RetireReason,
    drainTimeout = reason === 'evicted' ? Infinity : this.#context.settings.drainTimeout,
  ): Promise<void> {
    if (this.#state !== 'live') return this.closed
    const { events, keeper } = this.#context
    this.#state = 'draining'
    this.#reason = reason
    this.#lifetime.end()
    keeper.retired(this)
    events.emit('retired', () => {
      return { ...identityOf(this.datasource), reason, age: this.age, inFlight: this.#inFlight }
    })
    for (const answer of this.#verifying) answer(false)
    if (this.#inFlight === 0) this.#close()
    else this.drainWithin(drainTimeout)
    return this.closed
  }

  /** What is in flight may take so long, and no longer. The earliest call counts. */
  drainWithin(ms: number): void {
    const { clock } = this.#context
    const at = clock.monotonic() + ms
    if (this.#state !== 'draining' || this.#wasCut || at >= this.#cutAt) return
    this.#cutAt = at
    this.#drainTimer?.cancel()
    this.#drainTimer = clock.setDeadline(() => this.#cut(), ms)
  }

  /**
   * The drain took too long. Open transactions are rolled back, and the driver is told to close whatever else is in
   * flight: both within `closeTimeout` (rule L5).
   */
  #cut(): void {
    this.#wasCut = true
    const { clock, events, settings } = this.#context
    const { drainTimeout, closeTimeout } = settings
    events.emit('drainTimedOut', () => ({ ...identityOf(this.datasource), inFlight: this.#inFlight, drainTimeout }))
    this.#closeTimer = setPatientDeadline(clock, () => this.#giveUp(), closeTimeout)
    for (const transaction of this.#transactions) transaction.abandon(new DrainTimeoutError(drainTimeout))
    if (this.isCalm) this.#close()
  }

  #close(): void {
    if (this.#state !== 'draining') return
    const { clock, events, keeper, settings } = this.#context
    this.#state = 'closing'
    this.#drainTimer?.cancel()
    this.#closeTimer ??= setPatientDeadline(clock, () => this.#giveUp(), settings.closeTimeout)
    keeper.closing(this)
    const disposed = this.#dispose()
    disposed.then(
      () => this.#countAsClosed(),
      (error: unknown) => {
        if (this.#state === 'closed') return
        events.emit('closeFailed', () => ({ ...identityOf(this.datasource), error: this.#shown(error) }))
        this.#countAsClosed()
      },
    )
    if (this.#strandable.size === 0) return
    const strand = () => clock.nextTurn(() => this.#strand())
    disposed.then(strand, strand)
  }

  /** The driver has closed. What it had an answer to has it by now. */
  #strand(): void {
    for (const reject of this.#strandable) {
      reject(new DrainTimeoutError(this.#context.settings.drainTimeout, 'statement'))
    }
  }

  /** The driver had its time: to close, or before that to roll back what was cut. In any case it is told to close. */
  #giveUp(): void {
    const { events, settings } = this.#context
    if (this.#state === 'draining') this.#close()
    if (this.#state === 'closed') return
    const error = new CloseTimeoutError(settings.closeTimeout)
    events.emit('closeFailed', () => ({ ...identityOf(this.datasource), error }))
    this.#countAsClosed()
  }

  /** Whatever becomes of the driver, its place is free from now on. */
  #countAsClosed(): void {
    if (this.#state === 'closed') return
    const { events, keeper } = this.#context
    this.#state = 'closed'
    this.#closeTimer?.cancel()
    keeper.closed(this)
    events.emit('closed', () => {
      return { ...identityOf(this.datasource), reason: this.#reason as RetireReason, age: this.age }
    })
    keeper.left()
    this.#resolveClosed()
  }

  async #dispose(): Promise<void> {
    await this.#context.context.run(() => this.adapter.dispose())
  }
}
