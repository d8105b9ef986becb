import type { BranchEvent, BranchEventListener } from '../pools/events.ts'
import type { PoolStats } from '../pools/stats.ts'

/** The connections of all branches: `prisma.$branches`. */
export interface Branches {
  /** Whether every statement has to name its branch: the option of that name. */
  readonly requireBranch: boolean
  /** The branch of this unit of work, for logs and cache keys; `undefined` on main and outside of units. */
  current(): string | undefined
  /** One row per pool, plain data. */
  stats(): PoolStats[]
  /**
   * Retires the branch's pools, lets what is in flight finish, and closes them: what to do before dropping a branch.
   * Resolves when they are closed, at once if there are none. New work on the branch opens a new pool.
   */
  close(branch: string): Promise<void>
  /**
   * Retires every pool that is at max-age, and closes those that are not in use or prove unfit: Django's
   * `close_old_connections()`, for loops that have no units of work. Does not wait for pools in use.
   */
  closeObsolete(): Promise<void>
  on<E extends BranchEvent>(event: E, listener: BranchEventListener<E>): this
  off<E extends BranchEvent>(event: E, listener: BranchEventListener<E>): this
}

/**
 * What `branches()` adds to a PrismaClient. The client of a transaction lacks `$connect`, so it has none of this: a
 * transaction stays on its branch. (That is no interface with a name, since an application's emitted declarations, in which
 * all of this is repeated, could not import it.)
 */
export interface BranchesSurface {
  /**
   * The client of a branch, with everything this client has; with `undefined` that of main, whatever the unit of work.
   * Cheap: nothing is opened before it is used. It may be kept: the `url` option is asked at every call.
   *
   * @throws {UnknownBranchError} if the `url` option knows no such branch
   * @throws {InvalidBranchNameError} if `branch` is empty or does not fit the URL template
   * @throws {InvalidDatasourceUrlError} if the branch's URL does not parse
   * @throws {BranchFactoryError} if the `adapter` or `client` option fails
   */
  $branch<T extends { $connect(): Promise<void> }>(this: T, branch: string | undefined): T
  /**
   * Runs `work` as a unit of work on a branch, or with `undefined` on the main client: everything done on this client
   * in there, at any depth, goes to that branch. Its pools are kept for it until it ends. What `work` returns and others
   * read later, iterators and streams, is of the unit as well; what is called after it and elsewhere, such as a component
   * that is rendered later, is not.
   *
   * @throws as {@link $branch} does, as a rejection, before `work` is called
   */
  $withBranch<T extends { $connect(): Promise<void> }, R>(
    this: T,
    branch: string | undefined,
    work: () => R,
  ): Promise<Awaited<R>>
  /** Statistics, events and closing. */
  readonly $branches: Branches
  /** `$disconnect()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
