import type { ManagedAdapterFactory } from '../adapter/managed-adapter.ts'
import { BranchFactoryError } from '../settings/errors.ts'
import { extend, type PrismaClientLike } from './prisma-client.ts'

/**
 * The client of a branch, for as long as it is kept.
 *
 * Nothing public tells which adapter a client uses, and one that uses another than it was given would serve another's rows,
 * main's for instance. So until it has connected through its own it is reached through an extension that lets no statement
 * pass before (rule I2).
 */
export class BranchClient {
  readonly name: string
  /** As the application made it. */
  readonly base: PrismaClientLike
  readonly #adapter: ManagedAdapterFactory
  #client: PrismaClientLike
  #verifying: Promise<void> | undefined
  #dropped = false

  constructor(name: string, base: PrismaClientLike, adapter: ManagedAdapterFactory) {
    this.name = name
    this.base = base
    this.#adapter = adapter
    this.#client = this.#guarded()
  }

  /** What calls go to: the base, or what guards it. */
  get client(): PrismaClientLike {
    return this.#client
  }

  /** Then the branch has another, or none. */
  get dropped(): boolean {
    return this.#dropped
  }

  drop(): void {
    this.#dropped = true
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
      `The client option returned a client for branch ${JSON.stringify(this.name)} that does not use the adapter it was ` +
        'given, so that its statements would go elsewhere. Write: client: (adapter) => new PrismaClient({ adapter })',
      failure === undefined ? {} : { cause: failure.error },
    )
  }
}
