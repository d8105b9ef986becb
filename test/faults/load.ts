import { setTimeout as delay } from 'node:timers/promises'
import { type Cause, causeOf } from '../../demo/cause.ts'
import { IsolationRecorder } from '../kit/isolation-record.ts'
import { LONG_TRANSACTION, MIXED_WORK, type WorkKind } from '../kit/mixed-work.ts'
import type { Contender } from './contender.ts'
import { HUNG, MOST_AT_A_TIME } from './slack.ts'

/** A piece of work and what became of it. Times are of `performance.now()`. */
export interface Operation {
  readonly branch: string
  readonly mark: string
  readonly kind: Pick<WorkKind, 'name' | 'writes'>
  startedAt: number
  endedAt?: number
  failure?: Cause
}

/** Steady mixed work on several branches: a piece starts at its time, whether or not those before it are done. */
export class Load {
  readonly operations: Operation[] = []
  /** What its reads were given. */
  readonly recorder = new IsolationRecorder()
  readonly #contender: Contender
  readonly #branches: readonly string[]
  readonly #pace: number
  readonly #running = new Set<Promise<void>>()
  readonly #pacer: Promise<void>
  #stopped = false

  /**
   * @param pace milliseconds from one piece of work to the next
   * @param cold starts at once; otherwise work of each kind is done on each branch before the pace begins
   */
  constructor(contender: Contender, branches: readonly string[], pace = 14, cold = false) {
    this.#contender = contender
    this.#branches = branches
    this.#pace = pace
    this.#pacer = cold ? this.#keepPace() : this.#warmUp().then(() => this.#keepPace())
  }

  /** Resolves when each branch has a transaction under way besides, for a while: a fault must have something to hit. */
  async keepBusy(): Promise<void> {
    await Promise.all(
      this.#branches.map((branch) => new Promise<void>((begun) => this.#start(LONG_TRANSACTION, branch, begun))),
    )
  }

  /** Whether each branch has served something that was started after a time of `performance.now()`. */
  servedSince(time: number): boolean {
    const served = this.operations.filter(({ endedAt, failure, startedAt }) => {
      return startedAt >= time && endedAt !== undefined && failure === undefined
    })
    return new Set(served.map(({ branch }) => branch)).size === this.#branches.length
  }

  /** Starts nothing more, and waits for what runs. */
  async finish(): Promise<void> {
    this.#stopped = true
    await this.#pacer
    await Promise.race([Promise.all(this.#running), delay(HUNG, undefined, { ref: false })])
  }

  /** Milliseconds of work behind it, at its pace. */
  get settledIn(): number {
    return (this.operations.length - MIXED_WORK.length * this.#branches.length) * this.#pace
  }

  async #warmUp(): Promise<void> {
    for (let piece = 0; piece < MIXED_WORK.length * this.#branches.length; piece++) {
      this.#startNext()
      await Promise.all(this.#running)
    }
  }

  async #keepPace(): Promise<void> {
    let next = performance.now()
    while (!this.#stopped) {
      if (this.#running.size < MOST_AT_A_TIME) this.#startNext()
      // Whoever could not run for a while does not catch up all at once.
      next = Math.max(next + this.#pace, performance.now() - 2 * this.#pace)
      await delay(Math.max(0, next - performance.now()))
    }
  }

  #startNext(): void {
    const number = this.operations.length
    // Numbers without a common divisor: each kind meets each branch.
    const kind = MIXED_WORK[number % MIXED_WORK.length] as WorkKind
    this.#start(kind, this.#branches[(number * 7 + Math.floor(number / 8)) % this.#branches.length] as string)
  }

  /** @param settled also called when it is under way, if it is a long one */
  #start(kind: WorkKind, branch: string, settled = () => {}): void {
    const mark = `${branch}-n${this.operations.length}`
    const operation: Operation = { branch, mark, kind, startedAt: performance.now() }
    this.operations.push(operation)
    const running = this.#run(operation, kind, settled).finally(() => {
      this.#running.delete(running)
      settled()
    })
    this.#running.add(running)
  }

  async #run(operation: Operation, kind: WorkKind, begun: () => void): Promise<void> {
    const { branch, mark } = operation
    try {
      const saw = (rows: unknown) => this.recorder.visit(branch).saw(rows)
      await this.#contender.run(branch, (client) => kind.run(client, mark, { begun, saw }))
    } catch (error) {
      operation.failure = causeOf(error)
    }
    operation.endedAt = performance.now()
  }
}
