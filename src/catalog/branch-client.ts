import type { ManagedAdapterFactory } from '../adapter/managed-adapter.ts'
import { adapterOfClient } from '../driver/adapter-of-client.ts'
import type { Clock, Timer } from '../pools/clock.ts'
import type { Datasource } from '../pools/datasource.ts'
import { BranchFactoryError } from '../settings/errors.ts'
import type { Owner } from './owner.ts'
import { extend, type PrismaClientLike } from './prisma-client.ts'
import { WorkUnderWay } from './work-under-way.ts'

/**
 * Milliseconds. Between two steps of one operation a client is at rest for some microtasks; a turn of the event loop would
 * do, and this leaves a branch that comes and goes alone.
 */
const REST = 1_000

/** What a branch's client is made of. */
export interface BranchClientParts {
  readonly branch: string
  /** As the application made it. */
  readonly base: PrismaClientLike
  /** That it was given. */
  readonly adapter: ManagedAdapterFactory
  readonly datasource: Datasource
  /** Called whenever nothing is under way on it any more. */
  readonly onOver: () => void
}

/**
 * The client of a branch, for as long as it is kept.
 *
 * A client that uses another adapter than it was given would serve another's rows, main's for instance (rule I2). Prisma says
 * which it uses in a field of its own alone. Where that is another, the adapter may be wrapped: until the client has
 * connected through its own it is reached through an extension that lets no statement pass before.
 */
export class BranchClient implements Owner {
  readonly branch: string
  readonly base: PrismaClientLike
  readonly work: WorkUnderWay
  readonly datasource: Datasource
  readonly #adapter: ManagedAdapterFactory
  #client: PrismaClientLike
  #verifying: Promise<void> | undefined
  #clock: Clock | undefined
  #gone: (() => void) | undefined
  #rest: Timer | undefined

  constructor({ branch, base, adapter, datasource, onOver }: BranchClientParts) {
    this.branch = branch
    this.base = base
    this.work = new WorkUnderWay(() => {
      onOver()
      this.#restThenDisconnect()
    })
    this.datasource = datasource
    this.#adapter = adapter
    this.#client = adapterOfClient(base) === adapter ? base : this.#guarded()
  }

  get key(): string {
    return this.datasource.key
  }

  /** What calls go to: the base, or what guards it. */
  get client(): PrismaClientLike {
    return this.#client
  }

  /**
   * The branch gets another client when it is asked for again. This one is disconnected, which frees its query compiler at
   * once and not when the garbage collector comes by; but Prisma's `$disconnect()` cuts what is under way, so only when
   * nothing can be: every call made through the extension has settled at its caller, nothing is in flight at its adapter,
   * and it has rested for {@link REST}. Whoever comes later, with a client that was kept, is served on the live pool of the
   * branch, as by any client that reconnects.
   *
   * @param gone called when it is disconnected
   */
  letGo(clock: Clock, gone: () => void): void {
    this.#clock = clock
    this.#gone = gone
    if (this.work.isOver) this.#restThenDisconnect()
  }

  /** At once, if nothing is under way on it; otherwise it is when that has ended, if it was let go of. */
  async disconnect(): Promise<void> {
    // What a closure of the application began on the client itself is known to its adapter alone.
    if (!this.work.isOver || this.#adapter.work.inFlight > 0) return
    this.#rest?.cancel()
    this.#gone?.()
    this.#adapter.work.abandon()
    await this.base.$disconnect().catch(() => {})
  }

  #restThenDisconnect(): void {
    this.#rest?.cancel()
    this.#rest = this.#clock?.setTimer(() => {
      if (this.work.isOver && this.#adapter.work.inFlight > 0) this.#restThenDisconnect()
      else void this.disconnect()
    }, REST)
  }

  #guarded(): PrismaClientLike {
    const verified = () => this.#verified()
    return extend(this.base, {
      name: 'branches: the first statement',
      query: {
        async $allOperations({ args, query }: { args: unknown; query(args: unknown): Promise<unknown> }) {
          await verified()
          return query(args)
        },
      },
    })
  }

  #verified(): Promise<void> {
    this.#verifying ??= this.#verify().finally(() => {
      this.#verifying = undefined
    })
    return this.#verifying
  }

  /** @throws {BranchFactoryError} if the client does not connect through the adapter it was given */
  async #verify(): Promise<void> {
    // One that cannot connect has tried to, which is all that is asked here: its statement says why, as ever.
    const failure = await this.base.$connect().then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    if (this.#adapter.wasAsked) {
      this.#client = this.base
      return
    }
    throw new BranchFactoryError(
      `The client option returned a client for branch ${JSON.stringify(this.branch)} that does not use the adapter it was ` +
        'given, so that its statements would go elsewhere. Write: client: (adapter) => new PrismaClient({ adapter })',
      failure === undefined ? {} : { cause: failure.error },
    )
  }
}
