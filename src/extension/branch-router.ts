import type { BranchClients } from '../catalog/branch-clients.ts'
import type { PrismaClientLike } from '../catalog/prisma-client.ts'
import { type Clock, withTimeout } from '../pools/clock.ts'
import type { BranchEvents } from '../pools/events.ts'
import type { Pools } from '../pools/pools.ts'
import { poolStats } from '../pools/stats.ts'
import { checkBatch } from '../routing/batch-transaction.ts'
import { ClientFamily, type Member } from '../routing/client-family.ts'
import { applyExtension } from '../routing/extension.ts'
import { type Route, routedClient } from '../routing/routed-client.ts'
import { Views } from '../routing/views.ts'
import { describe } from '../settings/describe.ts'
import { BranchInTransactionError, BranchRequiredError, InvalidCallbackError } from '../settings/errors.ts'
import { UnitOfWork } from '../units/unit-of-work.ts'
import { classMethods } from './class-methods.ts'
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
  readonly #main: PrismaClientLike
  readonly #branches: Branches
  readonly #mainTransactions = new Set<Promise<unknown>>()
  /** So that `$branch` makes one proxy per client: the latest of each. */
  readonly #handles = new WeakMap<Member, { readonly name: string | undefined; readonly client: ExtendedClient }>()

  constructor(main: PrismaClientLike, parts: RouterParts) {
    this.#parts = parts
    this.#main = main
    this.#branches = this.#controls()
    const views = this.#views(() => this.client)
    this.client = this.#rootClient(ClientFamily.of(main), views)
  }

  /** Follows the unit of work. */
  #rootClient(family: ClientFamily, views: Views): ExtendedClient {
    const current = () => {
      const unit = UnitOfWork.current()
      const branch = unit?.branchFor(this)
      if (branch !== undefined) return family.member(this.#parts.clients.get(branch))
      if (this.#parts.requireBranch && !unit?.belongsTo(this)) throw new BranchRequiredError()
      return family.main
    }
    const disconnect = async () => {
      try {
        await Promise.all([this.#parts.pools.shutDown(), this.#drainMain()])
        this.#parts.clients.forget(() => true)
      } finally {
        await family.main.client.$disconnect()
      }
    }
    const connect = async () => {
      this.#parts.pools.start()
      await family.main.client.$connect()
      const branch = UnitOfWork.current()?.branchFor(this)
      if (branch !== undefined) await this.#parts.clients.get(branch).base.$connect()
    }
    const client: ExtendedClient = this.#routed(
      family,
      views,
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
  #mainClient(family: ClientFamily, views: Views): ExtendedClient {
    const disconnect = async () => {
      await this.#drainMain()
      await family.main.client.$disconnect()
    }
    return this.#handle(family.main, undefined, () =>
      this.#routed(
        family,
        views,
        { reference: family.main, label: 'PrismaClient(main)', current: () => family.main },
        {
          $extends: (extension: unknown) => {
            const extended = this.#extend(family, extension)
            return this.#mainClient(extended.family, extended.views)
          },
          $disconnect: disconnect,
          [Symbol.asyncDispose]: disconnect,
        },
      ),
    )
  }

  /** Stays on its branch, and asks for its URL at every call: a branch may have moved. */
  #branchClient(family: ClientFamily, views: Views, name: unknown): ExtendedClient {
    const { clients, pools } = this.#parts
    const branch = clients.resolve(name)
    const current = () => family.member(clients.get(clients.resolve(name)))
    const disconnect = () => pools.close('closed', clients.matcher(name))
    const reference = family.member(clients.get(branch))
    return this.#handle(reference, branch.name, () =>
      this.#routed(
        family,
        views,
        { reference, label: `PrismaClient(${branch.label})`, current },
        {
          $extends: (extension: unknown) => {
            const extended = this.#extend(family, extension)
            return this.#branchClient(extended.family, extended.views, name)
          },
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
    views: Views,
    route: Pick<Route, 'reference' | 'label' | 'current'>,
    overrides: Partial<ExtendedClient>,
  ): ExtendedClient {
    const client = routedClient({
      ...route,
      view: (object, owner) => views.of(object, owner),
      overrides: {
        $branch: (...names: unknown[]) =>
          // Main has to be named: one that was forgotten is no name.
          names.length > 0 && names[0] === undefined
            ? this.#mainClient(family, views)
            : this.#branchClient(family, views, names[0]),
        $withBranch: (name: unknown, work: unknown) => this.#withBranch(name, work),
        $branches: this.#branches,
        $transaction: async (...args: unknown[]) => this.#transaction(route.current(), views, args),
        ...overrides,
      },
    })
    return client as ExtendedClient
  }

  #extend(family: ClientFamily, extension: unknown): { family: ClientFamily; views: Views; root: ExtendedClient } {
    let root = this.client
    const views = this.#views(() => root)
    const extended = family.extended((member) => applyExtension(extension, member, views))
    root = this.#rootClient(extended, views)
    return { family: extended, views, root }
  }

  /**
   * What Prisma calls an extension's methods with is one of its own clients, which has none of this; and a transaction's
   * client stays on its branch.
   */
  #views(root: () => ExtendedClient): Views {
    const views: Views = new Views((member) => {
      const $transaction = async (...args: unknown[]) => this.#transaction(member, views, args)
      if (member.transaction !== undefined)
        return { $branch: refuse('$branch'), $withBranch: refuse('$withBranch'), $transaction }
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
    const bound = [...classMethods(this.#main)].map(([name, method]) => [
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

  /** @param args a batch or the callback of an interactive transaction, and what else Prisma or an extension takes */
  async #transaction(member: Member, views: Views, [work, ...rest]: unknown[]): Promise<unknown> {
    if (Array.isArray(work)) checkBatch(work, member, (base) => this.#nameOf(base))
    const staying = typeof work === 'function' ? (client: unknown) => work(views.of(client, member)) : work
    const transaction = member.client.$transaction(staying, ...rest)
    if (member.base !== this.#main || member.transaction !== undefined) return transaction
    this.#mainTransactions.add(transaction)
    return transaction.finally(() => this.#mainTransactions.delete(transaction))
  }

  #nameOf(base: PrismaClientLike): string {
    return base === this.#main ? 'the main client' : JSON.stringify(this.#parts.clients.nameOf(base))
  }

  /** Prisma rolls back what is open when a client disconnects, so transactions of the main client are waited for. */
  async #drainMain(): Promise<void> {
    const { clock, drainTimeout } = this.#parts
    const drained = Promise.allSettled([...this.#mainTransactions])
    await withTimeout(clock, drained, drainTimeout, () => new Error('still open')).catch(() => {})
  }

  #controls(): Branches {
    const { clients, events, pools, requireBranch } = this.#parts
    return {
      requireBranch,
      current: () => UnitOfWork.current()?.branchFor(this)?.name,
      stats: () => poolStats(pools),
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

function refuse(method: string): () => never {
  return () => {
    throw new BranchInTransactionError(method)
  }
}
