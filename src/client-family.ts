import { extend, type PrismaClientLike } from './prisma-client.ts'

/**
 * The main client and the branch clients that share the same extensions. Each `$extends` makes a new family, whose
 * members are the old one's with the extension applied, made when they are first asked for (rule B8).
 */
export class ClientFamily {
  readonly main: PrismaClientLike
  readonly #applyTo: (base: PrismaClientLike) => PrismaClientLike
  readonly #members = new WeakMap<PrismaClientLike, PrismaClientLike>()

  /**
   * @param base what `main` is an extension of
   * @param applyTo from the client that the application made for a branch to this family's member
   */
  private constructor(
    main: PrismaClientLike,
    base: PrismaClientLike,
    applyTo: (base: PrismaClientLike) => PrismaClientLike,
  ) {
    this.main = main
    this.#applyTo = applyTo
    bases.set(main, base)
  }

  /** The clients as the application made them. */
  static of(main: PrismaClientLike): ClientFamily {
    return new ClientFamily(main, main, (base) => base)
  }

  /** This family's member for a branch. */
  member(base: PrismaClientLike): PrismaClientLike {
    let member = this.#members.get(base)
    if (member === undefined) {
      member = this.#applyTo(base)
      this.#members.set(base, member)
      bases.set(member, base)
    }
    return member
  }

  extend(extension: unknown): ClientFamily {
    const applyTo = (base: PrismaClientLike) => extend(this.member(base), extension)
    return new ClientFamily(extend(this.main, extension), baseOf(this.main), applyTo)
  }
}

const bases = new WeakMap<PrismaClientLike, PrismaClientLike>()

/** The client without the extensions of its family. Clients of one base share one engine, and so one transaction. */
export function baseOf(client: PrismaClientLike): PrismaClientLike {
  return bases.get(client) ?? client
}
