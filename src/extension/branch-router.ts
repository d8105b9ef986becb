import type { BranchClients } from '../catalog/branch-clients.ts'
import type { Owner } from '../catalog/owner.ts'
import type { PrismaClientLike } from '../catalog/prisma-client.ts'
import type { Clock } from '../pools/clock.ts'
import type { BranchEvents } from '../pools/events.ts'
import type { Pools } from '../pools/pools.ts'
import { poolStats } from '../pools/stats.ts'
import { ownBatch } from '../routing/batch-transaction.ts'
import { ClientFamily } from '../routing/client-family.ts'
import { applyExtension } from '../routing/extension.ts'
import type { Member } from '../routing/member.ts'
import { type Route, routedClient } from '../routing/routed-client.ts'
import { refuse, transactionClient } from '../routing/transaction-client.ts'
import { Views } from '../routing/views.ts'
import { describe } from '../settings/describe.ts'
import { BranchRequiredError, InvalidCallbackError } from '../settings/errors.ts'
import { UnitOfWork } from '../units/unit-of-work.ts'
import { classMethods } from './class-methods.ts'
import { MainClient } from './main-client.ts'
import type { Branches, BranchesSurface } from './surface.ts'

type ExtendedClient = PrismaClientLike & BranchesSurface

/** What the router is made of. */
export interface RouterParts {
  readonly clients: BranchClients
  readonly pools: Pools
  readonly events: BranchEvents
  readonly clock: Clock
  readonly drainTimeout: number
  readonly requireBranch: boolean
}

/** Which calls go to which branch, and what `$branch` and the others do. One per extended client. */
export class BranchRouter {
  /** The client that the application gets. */
  readonly client: ExtendedClient
  readonly #parts: RouterParts
  readonly #main: MainClient
  readonly #branches: Branches
  /** So that `$branch` makes one proxy per client: the latest of each. */
  readonly #handles = new WeakMap<Member, { readonly name: string | undefined; readonly client: ExtendedClient }>()

  constructor(main: PrismaClientLike, parts: RouterParts) {
    this.#parts = parts
    this.#main = new MainClient(main, parts.clock, parts.drainTimeout)
    this.#branches = this.#controls()
    this.client = this.#rootClient(
      ClientFamily.of(
        this.#main,
        this.#views(() => this.client),
      ),
    )
  }

  /** Follows the unit of work. */
  #rootClient(family: ClientFamily): ExtendedClient {
    const current = (what: string) => {
      const unit = UnitOfWork.current()
      const branch = unit?.branchFor(this)
      if (branch !== undefined) return family.member(this.#parts.clients.get(branch))
      // A unit may be on main, by name; outside of one, main is what nobody named.
      if (this.#parts.requireBranch && !unit?.branches().has(this)) throw new BranchRequiredError(what)
      return family.main
    }
    const disconnect = async () => {
      try {
        await Promise.all([this.#parts.pools.shutDown(), this.#main.drain()])
        await this.#parts.clients.disconnect()
      } finally {
        await this.#main.disconnect()
      }
    }
    const connect = async () => {
      this.#parts.pools.start()
      await this.#main.connect()
      const branch = UnitOfWork.current()?.branchFor(this)
      if (branch !== undefined) await this.#parts.clients.get(branch).base.$connect()
    }
    const client: ExtendedClient = this.#routed(
      family,
      { reference: family.main, label: 'PrismaClient', current },
      {
        ...this.#classMethods(() => client),
        $extends: (extension: unknown) => this.#extend(family, extension).root,
        $connect: connect,
        $disconnect: disconnect,
        [Symbol.asyncDispose]: disconnect,
      },
    )
    return client
  }

  /** Main, by name, whatever the unit of work. */
  #mainClient(family: ClientFamily): ExtendedClient {
    const disconnect = async () => {
      await this.#main.drain()
      await this.#main.disconnect()
    }
    return this.#handle(family.main, undefined, () =>
      this.#routed(
        family,
        { reference: family.main, label: 'PrismaClient(main)', current: () => family.main },
        {
          $extends: (extension: unknown) => this.#mainClient(this.#extend(family, extension).family),
          $disconnect: disconnect,
          [Symbol.asyncDispose]: disconnect,
        },
      ),
    )
  }

  /** Stays on its branch, and asks for its URL at every call: a branch may have moved. */
  #branchClient(family: ClientFamily, name: unknown): ExtendedClient {
    const { clients, pools } = this.#parts
    const branch = clients.resolve(name)
    const current = () => family.member(clients.get(clients.resolve(name)))
    const disconnect = () => pools.close('closed', clients.matcher(name))
    const reference = family.member(clients.get(branch))
    return this.#handle(reference, branch.name, () =>
      this.#routed(
        family,
        { reference, label: `PrismaClient(${branch.label})`, current },
        {
          $extends: (extension: unknown) => this.#branchClient(this.#extend(family, extension).family, name),
          $disconnect: disconnect,
          [Symbol.asyncDispose]: disconnect,
        },
      ),
    )
  }

  #handle(member: Member, name: string | undefined, make: () => ExtendedClient): ExtendedClient {
    const known = this.#handles.get(member)
    if (known !== undefined && known.name === name) return known.client
    const client = make()
    this.#handles.set(member, { name, client })
    return client
  }

  #routed(
    family: ClientFamily,
    route: Pick<Route, 'reference' | 'label' | 'current'>,
    overrides: Partial<ExtendedClient>,
  ): ExtendedClient {
    const client = routedClient({
      ...route,
      view: (object, owner) => family.views.of(object, owner),
      overrides: {
        $branch: (...names: unknown[]) =>
          // Main has to be named: one that was forgotten is no name.
          names.length > 0 && names[0] === undefined ? this.#mainClient(family) : this.#branchClient(family, names[0]),
        $withBranch: (name: unknown, work: unknown) => this.#withBranch(name, work),
        $branches: this.#branches,
        $transaction: (...args: unknown[]) => this.#transaction(() => route.current('$transaction()'), args),
        ...overrides,
      },
    })
    return client as ExtendedClient
  }

  #extend(family: ClientFamily, extension: unknown): { family: ClientFamily; root: ExtendedClient } {
    let root = this.client
    const views = this.#views(() => root)
    const extended = family.extended((member) => applyExtension(extension, member, views), views)
    root = this.#rootClient(extended)
    return { family: extended, root }
  }

  /**
   * What Prisma calls an extension's methods with is one of its own clients, which has none of this; and a transaction's
   * client stays on its branch.
   */
  #views(root: () => ExtendedClient): Views {
    const views: Views = new Views((member) => {
      const $transaction = (...args: unknown[]) => this.#transaction(() => member, args)
      if (member.transaction !== undefined)
        return { $branch: () => refuse('$branch'), $withBranch: () => refuse('$withBranch'), $transaction }
      return {
        $branches: this.#branches,
        $branch: (name: string | undefined) => root().$branch(name),
        $withBranch: (name: string | undefined, work: () => unknown) => root().$withBranch(name, work),
        $extends: (extension: unknown) => views.of(applyExtension(extension, member, views), member),
        $transaction,
      }
    })
    return views
  }

  #classMethods(client: () => ExtendedClient): object {
    const bound = [...classMethods(this.#main.base)].map(([name, method]) => [
      name,
      (...args: unknown[]) => Reflect.apply(method, client(), args),
    ])
    return Object.fromEntries(bound)
  }

  async #withBranch(name: unknown, work: unknown): Promise<unknown> {
    if (typeof work !== 'function') throw new InvalidCallbackError(describe(work))
    const branch = name === undefined ? undefined : this.#parts.clients.resolve(name)
    return new UnitOfWork(this, branch).run(() => work())
  }

  /**
   * Without `async`, whose promises AsyncLocalStorage makes dear.
   *
   * @param args a batch or the callback of an interactive transaction, and what else Prisma or an extension takes
   */
  #transaction(current: () => Member, [work, ...rest]: unknown[]): Promise<unknown> {
    try {
      const member = current()
      // What only looks like an array would be read once here, and otherwise by Prisma.
      if (!Array.isArray(work) && typeof work !== 'function') {
        throw new TypeError(`$transaction expects an array of queries or a function, got ${describe(work)}`)
      }
      const own = Array.isArray(work) ? ownBatch(work, member, nameOf) : this.#staying(work, member)
      const transaction = member.client.$transaction(own, ...rest)
      // An extension may have put anything in its place.
      if (member.transaction === undefined && transaction instanceof Promise) member.owner.work.track(transaction)
      return transaction
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The callback of an interactive transaction, given a client that stays on its branch; anything else as it is. */
  #staying(work: unknown, member: Member): unknown {
    if (typeof work !== 'function') return work
    return (client: object) => {
      const transact = (args: unknown[]) => this.#transaction(() => member.inTransaction(client), args)
      return work(transactionClient(client, member, transact))
    }
  }

  #controls(): Branches {
    const { clients, events, pools, requireBranch } = this.#parts
    const main = this.#main
    return {
      requireBranch,
      current: () => UnitOfWork.current()?.branchFor(this)?.name,
      stats: () => [main.pools, pools].flatMap((its) => (its === undefined ? [] : poolStats(its))),
      close: async (name) => {
        const matches = clients.matcher(name)
        await pools.close('closed', matches)
        clients.forget(matches)
      },
      closeObsolete: () => pools.closeObsolete(),
      on(event, listener) {
        events.on(event, listener)
        return this
      },
      off(event, listener) {
        events.off(event, listener)
        return this
      },
    }
  }
}

function nameOf({ branch }: Owner): string {
  return branch === undefined ? 'the main client' : JSON.stringify(branch)
}
