import { extend, type PrismaClientLike } from '../catalog/prisma-client.ts'

/**
 * A client, or what a client reaches a model through, with its methods. They are kept since Prisma's objects are proxies,
 * on which a look-up is dear.
 */
export class Target {
  readonly object: Properties
  readonly #methods = new Map<string | symbol, Method>()

  constructor(object: object) {
    this.object = object as Properties
  }

  /** To be called on the {@link object}. */
  method(name: string | symbol): Method {
    let method = this.#methods.get(name)
    if (method === undefined) {
      method = this.object[name] as Method
      this.#methods.set(name, method)
    }
    return method
  }
}

type Properties = Record<string | symbol, unknown>
type Method = (...args: unknown[]) => unknown

/** A client of a family. */
export class Member extends Target {
  readonly client: PrismaClientLike
  /** The client without the extensions of its family. Clients of one base share one engine, and so one transaction. */
  readonly base: PrismaClientLike
  readonly #delegates = new Map<string | symbol, Target>()

  constructor(client: PrismaClientLike, base: PrismaClientLike) {
    super(client)
    this.client = client
    this.base = base
  }

  /** What the client reaches a model through. */
  delegate(property: string | symbol): Target {
    let delegate = this.#delegates.get(property)
    if (delegate === undefined) {
      delegate = new Target(this.object[property] as object)
      this.#delegates.set(property, delegate)
    }
    return delegate
  }
}

/**
 * The main client and the branch clients that share the same extensions. Each `$extends` makes a new family, whose
 * members are the old one's with the extension applied, made when they are first asked for (rule B8).
 */
export class ClientFamily {
  readonly main: Member
  readonly #applyTo: (base: PrismaClientLike) => PrismaClientLike
  readonly #members = new WeakMap<PrismaClientLike, Member>()

  /** @param applyTo from the client that the application made for a branch to this family's client */
  private constructor(main: Member, applyTo: (base: PrismaClientLike) => PrismaClientLike) {
    this.main = main
    this.#applyTo = applyTo
  }

  /** The clients as the application made them. */
  static of(main: PrismaClientLike): ClientFamily {
    return new ClientFamily(new Member(main, main), (base) => base)
  }

  /** This family's member for a branch. */
  member(base: PrismaClientLike): Member {
    let member = this.#members.get(base)
    if (member === undefined) {
      member = new Member(this.#applyTo(base), base)
      this.#members.set(base, member)
    }
    return member
  }

  extend(extension: unknown): ClientFamily {
    const { base, client } = this.main
    const main = new Member(extend(client, extension), base)
    return new ClientFamily(main, (base) => extend(this.member(base).client, extension))
  }
}
