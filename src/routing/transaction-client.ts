import { BranchInTransactionError } from '../settings/errors.ts'
import { followed, isFollowed, isInternal } from './followed.ts'
import { hide } from './hide.ts'
import type { Maker } from './maker.ts'
import type { Member, Target } from './member.ts'
import { RoutedQuery } from './routed-query.ts'

/** Whose each of Prisma's own objects is that a transaction was given. */
const makers = new WeakMap<object, Maker>()

/** The transaction that one of Prisma's own objects belongs to, as far as it is known. */
export function transactionOf(object: object): object | undefined {
  return makers.get(object)?.transaction
}

/**
 * What the callback of an interactive transaction is given in place of Prisma's client: it stays on its branch, says so when
 * asked to leave, and its promises know that they are part of the transaction (rule I7).
 *
 * One is made for each transaction, so it looks up nothing by itself that its owner has looked up before.
 *
 * @param transact starts a transaction inside of the transaction, on a savepoint
 */
export function transactionClient(client: object, owner: Member, transact: (args: unknown[]) => unknown): object {
  const maker = { owner: owner.owner, transaction: client }
  makers.set(client, maker)
  return new ClientHandler(client, maker, owner, transact).proxy
}

/** The target of all: what is printed is this. */
const LABEL = 'PrismaClient (of a transaction)'
const SHELL: object = {}
hide(SHELL, LABEL)

/** Stands for one of Prisma's own objects. */
class Handler implements ProxyHandler<object> {
  // Private, so that nothing leads to a client for whoever prints the proxy with its handler.
  readonly #object: Record<string | symbol, unknown>
  readonly #maker: Maker
  readonly #known = new Map<string | symbol, unknown>()

  constructor(object: object, maker: Maker) {
    this.#object = object as Record<string | symbol, unknown>
    this.#maker = maker
  }

  protected get object(): Record<string | symbol, unknown> {
    return this.#object
  }

  protected get maker(): Maker {
    return this.#maker
  }

  get(_: object, property: string | symbol): unknown {
    let value = this.#known.get(property)
    if (value === undefined) {
      value = property === 'toJSON' ? Reflect.get(SHELL, property) : this.lookUp(property)
      this.#known.set(property, value)
    }
    return value
  }

  set(_: object, property: string | symbol, value: unknown): boolean {
    this.#known.delete(property)
    return Reflect.set(this.object, property, value)
  }

  has(_: object, property: string | symbol): boolean {
    return property in this.object
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.object)
  }

  getOwnPropertyDescriptor(_: object, property: string | symbol): PropertyDescriptor | undefined {
    const descriptor = Reflect.getOwnPropertyDescriptor(this.object, property)
    if (descriptor === undefined) return undefined
    const { enumerable = false } = descriptor
    return { value: this.get(_, property), writable: true, enumerable, configurable: true }
  }

  getPrototypeOf(): object | null {
    return Reflect.getPrototypeOf(this.object)
  }

  /** The target is that of others as well. */
  preventExtensions(): boolean {
    return false
  }

  defineProperty(_: object, property: string | symbol, descriptor: PropertyDescriptor): boolean {
    this.#known.delete(property)
    return Reflect.defineProperty(this.object, property, descriptor)
  }

  deleteProperty(_: object, property: string | symbol): boolean {
    this.#known.delete(property)
    return Reflect.deleteProperty(this.object, property)
  }

  protected lookUp(property: string | symbol): unknown {
    const { object, maker } = this
    const value = object[property]
    if (isFollowed(value) && isInternal(property)) return followed(value, () => object[property], LABEL)
    if (typeof value !== 'function') return value
    // The name is that of a routed client's methods, for the line in Prisma's error messages.
    const name = `Proxy.${String(property)}`
    return { [name]: (...args: unknown[]) => RoutedQuery.of(value.apply(object, args), maker, property) }[name]
  }
}

class ClientHandler extends Handler {
  readonly #owner: Member
  readonly #transact: (args: unknown[]) => unknown
  readonly #proxy: object

  constructor(client: object, maker: Maker, owner: Member, transact: (args: unknown[]) => unknown) {
    super(client, maker)
    this.#owner = owner
    this.#transact = transact
    this.#proxy = new Proxy(SHELL, this)
  }

  get proxy(): object {
    return this.#proxy
  }

  protected override lookUp(property: string | symbol): unknown {
    if (property === '$branch' || property === '$withBranch') return () => refuse(property)
    if (property === '$transaction') return (...args: unknown[]) => this.#transact(args)
    if (!this.#owner.isDelegate(property)) return super.lookUp(property)
    const delegate = this.object[property] as Target['object']
    makers.set(delegate, this.maker)
    return new Proxy(SHELL, new DelegateHandler(delegate, this.maker, this.#proxy))
  }
}

class DelegateHandler extends Handler {
  readonly #parent: object

  constructor(delegate: object, maker: Maker, parent: object) {
    super(delegate, maker)
    this.#parent = parent
  }

  protected override lookUp(property: string | symbol): unknown {
    return property === '$parent' ? this.#parent : super.lookUp(property)
  }
}

export function refuse(method: string): never {
  throw new BranchInTransactionError(method)
}
