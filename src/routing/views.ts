import { isModelDelegate } from '../catalog/prisma-client.ts'
import { Member, Target } from './member.ts'
import { isRouted, type Route, routedClient, routedDelegate } from './routed-client.ts'
import { transactionOf } from './transaction-client.ts'

/** Prisma's own objects behind views, by view. */
const viewed = new WeakMap<object, object>()

/**
 * Stand for Prisma's own objects, clients and their models, where code of the application gets hold of them: as `this` in
 * the methods of an extension, and as the client of a transaction. What they make knows whose it is (rule I7), and they
 * have what a routed client has.
 */
export class Views {
  readonly #overrides: (member: Member) => object
  readonly #views = new WeakMap<object, object>()

  /** @param overrides what the view of a client has in place of the client's */
  constructor(overrides: (member: Member) => object) {
    this.#overrides = overrides
  }

  /** What a view stands for, or else the value itself. */
  static unwrap(value: unknown): unknown {
    return typeof value === 'object' && value !== null ? (viewed.get(value) ?? value) : value
  }

  /** The view of one of Prisma's objects that belongs to `member`; anything else as it is. */
  of(value: unknown, member: Member): unknown {
    if (typeof value !== 'object' || value === null || isRouted(value)) return value
    return this.#views.get(value) ?? this.#make(value, member) ?? value
  }

  #make(object: object, of: Member): object | undefined {
    let view: object
    if (isModelDelegate(object)) {
      const { $parent } = object as { $parent?: object }
      const member = this.#member($parent ?? of.client, of, transactionOf(object))
      view = routedDelegate(this.#route(member), new Target(object, of.owner.branch))
    } else if ('$transaction' in object) {
      const member = this.#member(object, of, transactionOf(object))
      view = routedClient(this.#route(member))
    } else {
      return undefined
    }
    this.#views.set(object, view)
    viewed.set(view, object)
    return view
  }

  #member(client: object, { owner }: Member, known: object | undefined): Member {
    // Of a transaction's client, Prisma takes away what would end it.
    return new Member(client, owner, known ?? ('$connect' in client ? undefined : client))
  }

  #route(member: Member): Route {
    const { branch } = member.owner
    return {
      reference: member,
      overrides: this.#overrides(member),
      label: branch === undefined ? 'PrismaClient' : `PrismaClient(${JSON.stringify(branch)})`,
      current: () => member,
      view: (object) => this.of(object, member),
    }
  }
}
