import { setTimeout as delay } from 'node:timers/promises'
import type { IsolationRecorder } from '../kit/isolation-record.ts'
import { ISOLATION_WORK, type IsolationSite, isolationPiece } from '../kit/isolation-work.ts'
import type { Contender, ExtensionContender } from './contender.ts'
import type { Load } from './load.ts'
import { HUNG } from './slack.ts'

/** At the same time, unless the network is too slow for more than one. */
const AT_A_TIME = 2
const SLOW_PACE = 100

/** From one piece of work to the next, in times of the load's. */
const REST = 5

/**
 * Work that brings branches as near to each other as they get, beside a load. What fails of it is not judged, which the load
 * is there for: here it counts where rows are, and what was read.
 */
export class Crossings {
  readonly #site: IsolationSite
  readonly #recorder: IsolationRecorder
  readonly #rest: number
  readonly #workers: Promise<unknown>
  #started = 0
  #ended = 0
  #stopped = false

  private constructor(site: IsolationSite, recorder: IsolationRecorder, pace: number) {
    this.#site = site
    this.#recorder = recorder
    this.#rest = REST * pace
    const workers = Array.from({ length: pace > SLOW_PACE ? 1 : AT_A_TIME }, () => this.#work())
    this.#workers = Promise.all(workers)
  }

  /** A Map has no units of work, and no main. */
  static beside(
    load: Load,
    contender: Contender & Partial<ExtensionContender>,
    branches: readonly string[],
    pace = 14,
  ) {
    const { site } = contender
    return site && new Crossings({ ...site, branches }, load.recorder, pace)
  }

  /** Whether each branch has had its share by now. */
  get lapped(): boolean {
    return this.#ended >= ISOLATION_WORK.length + AT_A_TIME
  }

  /** Does work of each kind once more, one after the other. */
  async lap(): Promise<void> {
    for (let piece = 0; piece < ISOLATION_WORK.length; piece++) await this.#next()
  }

  /** Starts nothing more, and waits for what runs. */
  async finish(): Promise<void> {
    this.#stopped = true
    await Promise.race([this.#workers, delay(HUNG, undefined, { ref: false })])
  }

  /** Pieces of work that have not ended. */
  get running(): number {
    return this.#started - this.#ended
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      await this.#next()
      await delay(this.#rest)
    }
  }

  async #next(): Promise<void> {
    const { kind, home, other } = isolationPiece(this.#started++, ISOLATION_WORK, this.#site.branches)
    await kind.run({ site: this.#site, recorder: this.#recorder, home, other }).catch(() => {})
    this.#ended++
  }
}
