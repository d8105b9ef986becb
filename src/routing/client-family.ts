import type { BranchClient } from '../catalog/branch-client.ts'
import type { Owner } from '../catalog/owner.ts'
import type { PrismaClientLike } from '../catalog/prisma-client.ts'
import { Member } from './member.ts'
import type { Views } from './views.ts'

/** From one member to the client of the same with one more extension. */
export type Extend = (member: Member) => PrismaClientLike

/**
 * The main client and the branch clients that share the same extensions. Each `$extends` makes a new family, whose
 * members are the old one's with the extension applied, made when they are first asked for (rule B8).
 */
export class ClientFamily {
  readonly main: Member
  /** Of its clients, where code of the application gets hold of them. */
  readonly views: Views
  readonly #clientOf: (branch: BranchClient) => PrismaClientLike
  readonly #members = new WeakMap<PrismaClientLike, Member>()

  /** @param clientOf from a branch's client, as the application made it, to this family's */
  private constructor(main: Member, views: Views, clientOf: (branch: BranchClient) => PrismaClientLike) {
    this.main = main
    this.views = views
    this.#clientOf = clientOf
  }

  /** The clients as the application made them. */
  static of(main: Owner, views: Views): ClientFamily {
    return new ClientFamily(new Member(main.base, main), views, ({ client }) => client)
  }

  /** This family's member for a branch. */
  member(branch: BranchClient): Member {
    let member = this.#members.get(branch.client)
    if (member === undefined) {
      member = new Member(this.#clientOf(branch), branch)
      this.#members.set(branch.client, member)
    }
    return member
  }

  extended(extend: Extend, views: Views): ClientFamily {
    const main = new Member(extend(this.main), this.main.owner)
    return new ClientFamily(main, views, (branch) => extend(this.member(branch)))
  }
}
