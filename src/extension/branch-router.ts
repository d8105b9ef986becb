import type { BranchClients } from '../catalog/branch-clients.ts'
import type { PrismaClientLike } from '../catalog/prisma-client.ts'
import type { Branch } from '../datasource/branch.ts'
import { type Clock, withTimeout } from '../pools/clock.ts'
import type { BranchEvents } from '../pools/events.ts'
import type { Pools } from '../pools/pools.ts'
import { poolStats } from '../pools/stats.ts'
import { checkBatch } from '../routing/batch-transaction.ts'
import { ClientFamily, type Member } from '../routing/client-family.ts'
import { type Route, routedClient } from '../routing/routed-client.ts'
import { stayingOnBranch } from '../routing/transaction-client.ts'
import { describe } from '../settings/describe.ts'
import { InvalidCallbackError } from '../settings/errors.ts'
import { UnitOfWork } from '../units/unit-of-work.ts'
import type { Branches, BranchesSurface } from './surface.ts'

type ExtendedClient = PrismaClientLike & BranchesSurface

/** What the router is made of. */
export interface RouterParts {
  readonly clients: BranchClients
  readonly pools: Pools
  readonly events: BranchEvents
  readonly clock: Clock
  readonly drainTimeout: number
}

/** Which calls go to which branch, and what `$branch` and the others do. One per extended client. */
export class BranchRouter {
  /** The client that the application gets. */
  readonly client: ExtendedClient
  readonly #parts: RouterParts
  readonly #main: PrismaClientLike
  readonly #branches: Branches
  readonly #mainTransactions = new Set<Promise<unknown>>()
  /** So that `$branch` makes one proxy per client. */
  readonly #branchClients = new WeakMap<Member, ExtendedClient>()

  constructor(main: PrismaClientLike, parts: RouterParts) {
    this.#parts = parts
    this.#main = main
    this.#branches = this.#controls()
    parts.clients.reserve(main)
    this.client = this.#rootClient(ClientFamily.of(main))
  }

  /** Follows the unit of work. */
  #rootClient(family: ClientFamily): ExtendedClient {
    const current = () => {
      const branch = UnitOfWork.current()?.branchFor(this)
      return branch === undefined ? family.main : this.#member(family, branch)
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
      if (current() !== family.main) await current().client.$connect()
    }
    return this.#routed(
      family,
      { reference: family.main, label: 'PrismaClient', current },
      {
        $extends: (extension: unknown) => this.#extend(family, extension).root,
        $connect: connect,
        $disconnect: disconnect,
        [Symbol.asyncDispose]: disconnect,
      },
    )
  }

  /** Stays on its branch. */
  #branchClient(family: ClientFamily, branch: Branch): ExtendedClient {
    let kept = this.#parts.clients.get(branch)
    let member = family.member(kept.client)
    const known = this.#branchClients.get(member)
    if (known !== undefined) return known
    const disconnect = () => this.#parts.pools.close('closed', ({ key }) => key === branch.key)
    const current = () => {
      if (kept.dropped) {
        kept = this.#parts.clients.get(branch)
        member = family.member(kept.client)
      }
      return member
    }
    const client = this.#routed(
      family,
      { reference: member, label: `PrismaClient(${branch.label})`, current },
      {
        $extends: (extension: unknown) => this.#branchClient(this.#extend(family, extension).family, branch),
        $disconnect: disconnect,
        [Symbol.asyncDispose]: disconnect,
      },
    )
    this.#branchClients.set(member, client)
    return client
  }

  #routed(
    family: ClientFamily,
    route: Pick<Route, 'reference' | 'label' | 'current'>,
    overrides: Partial<ExtendedClient>,
  ): ExtendedClient {
    const client = routedClient({
      ...route,
      overrides: {
        $branch: (name: unknown) => this.#branchClient(family, this.#parts.clients.resolve(name)),
        $withBranch: (name: unknown, work: unknown) => this.#withBranch(name, work),
        $branches: this.#branches,
        $transaction: (work: unknown, options?: unknown) => this.#transaction(route.current(), work, options),
        ...overrides,
      },
    })
    return client as ExtendedClient
  }

  /**
   * The methods of an extension are called with one of Prisma's clients as `this`, not with one of ours, so these need
   * the surface as well. Not before somebody extends them: a client with any extension at all pays for it per query.
   */
  #extend(family: ClientFamily, extension: unknown): { family: ClientFamily; root: ExtendedClient } {
    const surface = {
      $branches: this.#branches,
      $branch: (name: string) => root.$branch(name),
      $withBranch: (name: string | undefined, work: () => unknown) => root.$withBranch(name, work),
    }
    const extended = family.extend({ name: 'branches', client: surface }).extend(extension)
    const root = this.#rootClient(extended)
    return { family: extended, root }
  }

  #member(family: ClientFamily, branch: Branch): Member {
    return family.member(this.#parts.clients.get(branch).client)
  }

  async #withBranch(name: unknown, work: unknown): Promise<unknown> {
    if (typeof work !== 'function') throw new InvalidCallbackError(describe(work))
    const branch = name === undefined ? undefined : this.#parts.clients.resolve(name)
    return new UnitOfWork(this, branch).run(() => work())
  }

  async #transaction(member: Member, work: unknown, options?: unknown): Promise<unknown> {
    if (Array.isArray(work)) checkBatch(work, member, (base) => this.#nameOf(base))
    const transaction = member.client.$transaction(stayingOnBranch(work), options)
    if (member.base !== this.#main) return transaction
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
    const { clients, clock, events, pools } = this.#parts
    return {
      stats: () => poolStats(pools, clock),
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
