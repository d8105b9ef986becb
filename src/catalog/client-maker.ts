import { ManagedAdapterFactory } from '../adapter/managed-adapter.ts'
import type { Branch } from '../datasource/branch.ts'
import { redact } from '../datasource/redaction.ts'
import { isAdapterFactory, type SqlDriverAdapterFactory } from '../driver/driver-adapter.ts'
import type { OwnContext } from '../pools/own-context.ts'
import type { Pools } from '../pools/pools.ts'
import { describe } from '../settings/describe.ts'
import { BranchFactoryError, InvalidOptionError } from '../settings/errors.ts'
import type { BranchesOptions } from '../settings/options.ts'
import { BranchClient } from './branch-client.ts'
import { BranchDatasource, externalPool } from './branch-datasource.ts'
import { ignoreRejection } from './ignore-rejection.ts'
import { checkOmit } from './omit.ts'
import { isPrismaClient, type PrismaClientLike } from './prisma-client.ts'

/** What clients are made of. */
export interface ClientMakerParts {
  readonly pools: Pools
  /** Where the application's options are called. */
  readonly context: OwnContext
  /** The client that is extended, unless there is none yet. */
  readonly main: PrismaClientLike | undefined
}

/** Makes the client of a branch by the `adapter` and `client` options, and sees that it is that of no other (rule I2). */
export class ClientMaker {
  readonly #options: BranchesOptions
  readonly #parts: ClientMakerParts
  /** The clients in use: each branch must get one of its own. */
  readonly #taken = new WeakSet<object>()
  /** By adapter, of all that are taken: each URL must get one of its own. */
  readonly #keys = new WeakMap<object, string>()

  /** @throws {InvalidOptionError} on an `adapter` or `client` option that is none */
  constructor(options: BranchesOptions, parts: ClientMakerParts) {
    for (const name of ['adapter', 'client'] as const) {
      if (typeof options[name] === 'function') continue
      const example =
        name === 'adapter'
          ? '(url) => new PrismaPg({ connectionString: url })'
          : '(adapter) => new PrismaClient({ adapter })'
      throw new InvalidOptionError(`${name} must be a function such as ${example}, got ${describe(options[name])}`)
    }
    this.#options = options
    this.#parts = parts
    // It is no branch's.
    if (parts.main !== undefined) this.#taken.add(parts.main)
  }

  /**
   * @param onOver called whenever nothing is under way on the client any more
   * @throws {BranchFactoryError} if an option fails, or returns what belongs to another
   */
  make(branch: Branch, onOver: () => void): BranchClient {
    const { key, name, url } = branch
    const factory = this.#call('adapter', isAdapterFactory, 'a driver adapter', branch, () =>
      this.#options.adapter(url),
    )
    this.#checkAdapter(factory, branch)
    const datasource = new BranchDatasource(factory, branch)
    const adapter = new ManagedAdapterFactory(factory, datasource, this.#parts.pools)
    const base = this.#call('client', isPrismaClient, 'a PrismaClient', branch, () => this.#options.client(adapter))
    if (this.#taken.has(base)) {
      throw new BranchFactoryError(
        `The client option returned a client for branch ${JSON.stringify(name)} that is in use already. It must make a ` +
          'new one with the adapter it is given: (adapter) => new PrismaClient({ adapter })',
      )
    }
    checkOmit(this.#parts.main, base, name)
    datasource.pin(base)
    this.#taken.add(base)
    this.#keys.set(factory, key)
    return new BranchClient({ branch: name, base, adapter, datasource, onOver })
  }

  /** @throws {BranchFactoryError} on an adapter that two branches would share, or whose connections are not its own */
  #checkAdapter(factory: SqlDriverAdapterFactory, { key, name }: Branch): void {
    if ((this.#keys.get(factory) ?? key) !== key) {
      throw new BranchFactoryError(
        `The adapter option, called for branch ${JSON.stringify(name)}, returned the adapter of another branch. It must ` +
          'make one of the URL it is given, and of nothing else: (url) => new PrismaPg({ connectionString: url })',
      )
    }
    // PrismaPg's, which neither closes such a pool nor opens another.
    if ((factory as { externalPool?: unknown }).externalPool) throw externalPool(name)
  }

  #call<T>(
    option: string,
    is: (value: unknown) => value is T,
    expected: string,
    branch: Branch,
    call: () => unknown,
  ): T {
    const context = `The ${option} option, called for branch ${JSON.stringify(branch.name)},`
    let made: unknown
    try {
      made = this.#parts.context.run(call)
    } catch (error) {
      throw new BranchFactoryError(`${context} threw (see cause)`, { cause: redact(error, branch.url) })
    }
    if (is(made)) return made
    ignoreRejection(made)
    throw new BranchFactoryError(`${context} must return ${expected}, returned ${describe(made)}`)
  }
}
