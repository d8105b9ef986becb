import { isConnectionError } from '../driver/connection-errors.ts'
import type { SqlDriverAdapter } from '../driver/driver-adapter.ts'
import { isSaturated } from '../driver/saturation.ts'
import type { PoolSettings } from '../settings/settings.ts'
import { type Clock, Stopwatch } from './clock.ts'
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
  readonly #isBusy: () => boolean
  readonly #probed: (outcome: ProbeOutcome) => void
  #suspect = false
  #answered = false
  #unreachable = false
  /** Use counts only with health checks on: reading a clock is most of what a statement costs here. */
  readonly #verified: Stopwatch
  /** How often anything came back, but from a probe or with its connection lost. */
  #answers = 0
  #lastProbe: ProbeOutcome | undefined
  #probing: Promise<boolean> | undefined

  /**
   * @param isBusy whether the driver has work of others than probes
   * @param probed learns how each probe went, before those who wait for it
   */
  constructor(
    adapter: SqlDriverAdapter,
    { settings, clock, context }: HealthContext,
    isBusy: () => boolean,
    probed: (outcome: ProbeOutcome) => void,
  ) {
    this.#adapter = adapter
    this.#settings = settings
    this.#clock = clock
    this.#context = context
    this.#isBusy = isBusy
    this.#probed = probed
    this.#verified = new Stopwatch(clock)
  }

  /** Saw an error of its connection since it was last verified. */
  get suspect(): boolean {
    return this.#suspect
  }

  /** Whether it was opened, probed, or (with health checks on) used with success within `probeInterval`. */
  get isVerified(): boolean {
    return !this.#verified.reached(this.#settings.probeInterval)
  }

  get lastProbe(): ProbeOutcome | undefined {
    return this.#lastProbe
  }

  /** A statement came back with success. One that was under way before an error says nothing about the time after it. */
  succeeded(): void {
    this.answered()
    if (this.#settings.healthChecks && !this.#suspect) this.#verified.restart()
  }

  /** Something came back. */
  answered(): void {
    this.#answered = true
    this.#answers++
  }

  /** It failed to connect and has never answered: it is of no use, and the next caller needs another (rule H5). */
  get unreachable(): boolean {
    return this.#unreachable
  }

  /** A statement failed. An error of the connection, and no other, makes a pool suspect (rule H7). */
  failed(error: unknown): void {
    if (!isConnectionError(error)) this.answered()
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
    const outcome = await probe(this.#adapter, this.#settings, this.#clock, this.#saturation())
    this.#lastProbe = outcome
    if (outcome.ok) {
      this.#suspect = false
      this.#answered = true
      this.#verified.restart()
    }
    this.#probed(outcome)
    return outcome.ok
  }

  /**
   * Tells saturation from failure (rule L4). A probe that waits says nothing while the pool answers others; nor while it
   * waits for a connection and all are at work, as long as that work may take: what takes longer than `drainTimeout`, and
   * all of it, hangs. Those who wait for the probe would have to wait for that work themselves.
   */
  #saturation(): () => boolean {
    const silence = new Stopwatch(this.#clock)
    let seen = this.#answers
    return () => {
      if (seen !== this.#answers) {
        seen = this.#answers
        silence.restart()
        return true
      }
      return (isSaturated(this.#adapter) ?? this.#isBusy()) && !silence.reached(this.#settings.drainTimeout)
    }
  }
}
