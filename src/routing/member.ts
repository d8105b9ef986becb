import type { Owner } from '../catalog/owner.ts'
import { isModelDelegate, type PrismaClientLike } from '../catalog/prisma-client.ts'
import { MissingOnBranchError } from '../settings/errors.ts'
import type { Maker } from './maker.ts'

type Properties = Record<string | symbol, unknown>
type Method = (...args: unknown[]) => unknown

/**
 * A client, or what a client reaches a model through, with its methods. They are kept since Prisma's objects are proxies,
 * on which a look-up is dear.
 */
export class Target {
  readonly object: Properties
  readonly #branch: string | undefined
  readonly #methods = new Map<string | symbol, Method>()

  /** @param branch whose it is, `undefined` for main */
  constructor(object: object, branch: string | undefined) {
    this.object = object as Properties
    this.#branch = branch
  }

  /** To be called on the {@link object}. @throws {MissingOnBranchError} if there is none */
  method(name: string | symbol): Method {
    let method = this.#methods.get(name)
    if (method === undefined) {
      method = this.value(name) as Method
      if (typeof method !== 'function') throw this.missing(name)
      this.#methods.set(name, method)
    }
    return method
  }

  /** @throws {MissingOnBranchError} if there is none, as where only main's client has an extension */
  value(name: string | symbol): unknown {
    const value = this.object[name]
    if (value === undefined && this.#branch !== undefined && !(name in this.object)) throw this.missing(name)
    return value
  }

  protected missing(name: string | symbol): Error {
    if (this.#branch === undefined) return new TypeError(`The client has no ${String(name)}`)
    return new MissingOnBranchError(this.#branch, String(name))
  }
}

/** A client of a family. */
export class Member extends Target implements Maker {
  readonly client: PrismaClientLike
  readonly owner: Owner
  /** That it is the client of, if it is. */
  readonly transaction: object | undefined
  readonly #delegates = new Map<string | symbol, Target>()
  readonly #areDelegates = new Map<string | symbol, boolean>()

  constructor(client: object, owner: Owner, transaction?: object) {
    super(client, owner.branch)
    this.client = client as PrismaClientLike
    this.owner = owner
    this.transaction = transaction
  }

  /** The same in an interactive transaction, whose client it is then. */
  inTransaction(client: object): Member {
    return new Member(client, this.owner, client)
  }

  /** Whether the client reaches a model through its property of that name. */
  isDelegate(property: string | symbol): boolean {
    let is = this.#areDelegates.get(property)
    if (is === undefined) {
      is = property !== '$parent' && isModelDelegate(this.object[property])
      this.#areDelegates.set(property, is)
    }
    return is
  }

  /** What the client reaches a model through. @throws {MissingOnBranchError} if it knows no such model */
  delegate(property: string | symbol): Target {
    let delegate = this.#delegates.get(property)
    if (delegate === undefined) {
      const object = this.value(property)
      if (typeof object !== 'object' || object === null) throw this.missing(property)
      delegate = new Target(object, this.owner.branch)
      this.#delegates.set(property, delegate)
    }
    return delegate
  }
}
