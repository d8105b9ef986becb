import { isConnectionError } from '../driver/connection-errors.ts'
import type { SqlDriverAdapter } from '../driver/driver-adapter.ts'
import type { PoolSettings } from '../settings/settings.ts'
import type { Clock } from './clock.ts'
import type { OwnContext } from './own-context.ts'
import { type ProbeOutcome, probe } from './probe.ts'

/** Of a pool's context, what its health needs. */
export interface HealthContext {
  readonly settings: PoolSettings
  readonly clock: Clock
  readonly context: OwnContext
}

/** What is known of a pool's health: from what became of its statements, and from probes. */
export class Health {
  readonly #adapter: SqlDriverAdapter
  readonly #settings: PoolSettings
  readonly #clock: Clock
  readonly #context: OwnContext
  readonly #probed: (outcome: ProbeOutcome) => void
  #suspect = false
  #answered = false
  #unreachable = false
  /** Monotonic time. Use counts only with health checks on: reading a clock is most of what a statement costs here. */
  #verifiedAt: number
  #lastProbe: ProbeOutcome | undefined
  #probing: Promise<boolean> | undefined

  /** @param probed learns how each probe went, before those who wait for it */
  constructor(
    adapter: SqlDriverAdapter,
    { settings, clock, context }: HealthContext,
    probed: (outcome: ProbeOutcome) => void,
  ) {
    this.#adapter = adapter
    this.#settings = settings
    this.#clock = clock
    this.#context = context
    this.#probed = probed
    this.#verifiedAt = clock.monotonic()
  }

  /** Saw an error of its connection since it was last verified. */
  get suspect(): boolean {
    return this.#suspect
  }

  /** Milliseconds since it was opened, probed, or (with health checks on) used with success. */
  get unverifiedFor(): number {
    return this.#clock.monotonic() - this.#verifiedAt
  }

  get probing(): boolean {
    return this.#probing !== undefined
  }

  get lastProbe(): ProbeOutcome | undefined {
    return this.#lastProbe
  }

  /** A statement came back with success. One that was under way before an error says nothing about the time after it. */
  succeeded(): void {
    this.#answered = true
    if (this.#settings.healthChecks && !this.#suspect) this.#verifiedAt = this.#clock.monotonic()
  }

  /** It failed to connect and has never answered: it is of no use, and the next caller needs another (rule H5). */
  get unreachable(): boolean {
    return this.#unreachable
  }

  /** A statement failed. An error of the connection, and no other, makes a pool suspect (rule H7). */
  failed(error: unknown): void {
    if (!isConnectionError(error)) this.#answered = true
    else if (this.#answered) this.#suspect = true
    else this.#unreachable = true
  }

  /** Asks the database, once for all who want to know at the same time (rule H3). */
  verify(): Promise<boolean> {
    this.#probing ??= this.#context.run(() =>
      this.#probe().finally(() => {
        this.#probing = undefined
      }),
    )
    return this.#probing
  }

  async #probe(): Promise<boolean> {
    const outcome = await probe(this.#adapter, this.#settings, this.#clock)
    this.#lastProbe = outcome
    if (outcome.ok) {
      this.#suspect = false
      this.#answered = true
      this.#verifiedAt = this.#clock.monotonic()
    }
    this.#probed(outcome)
    return outcome.ok
  }
}
