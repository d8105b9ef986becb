import { types } from 'node:util'
import { MixedTransactionError } from '../settings/errors.ts'
import type { Maker } from './maker.ts'
import type { Member } from './member.ts'
import { failingPromise, isPrismaPromise, type PrismaPromise } from './prisma-promise.ts'

/** Methods whose promise Prisma hides behind a proxy, for its relations: a look at anything on it is dear. */
const WITH_RELATIONS: ReadonlySet<string | symbol> = new Set([
  'findUnique',
  'findUniqueOrThrow',
  'findFirst',
  'findFirstOrThrow',
  'create',
  'update',
  'upsert',
  'delete',
])

/** Makes a query on another client. */
type Remake = (member: Member) => unknown

/**
 * Stands for a query that was not awaited yet, and knows whose it is: `$transaction([…])` has to tell (rule I7). The maker
 * is private, so that whoever prints the query sees nothing of it: clients print their configuration.
 */
export class RoutedQuery implements PrismaPromise {
  readonly #query: PrismaPromise
  readonly #maker: Maker | undefined
  readonly #remake: Remake | undefined
  /** A batch that was looked at may have it, once. */
  #isAdmitted = false

  private constructor(query: PrismaPromise, maker: Maker | undefined, remake?: Remake) {
    this.#query = query
    this.#maker = maker
    this.#remake = remake
  }

  /**
   * What `method` returned, called on something of `maker`'s: wrapped if it is a query, and else as it is. A query that has
   * a maker keeps it: a method of an extension may hand on a promise of another branch.
   *
   * @param remake makes the same query once more, on another client of the branch
   */
  static of(result: unknown, maker: Maker | undefined, method: string | symbol, remake?: Remake): unknown {
    if (typeof result !== 'object' || result === null || #maker in result) return result
    const isQuery = WITH_RELATIONS.has(method) && types.isProxy(result)
    return isQuery || isPrismaPromise(result) ? new RoutedQuery(result as PrismaPromise, maker, remake) : result
  }

  /**
   * The query as one of `member`, if it is of the same branch: of an earlier client, which was let go of since, it is made
   * once more. Otherwise `undefined`.
   */
  static on(member: Member, query: unknown): unknown {
    const maker = RoutedQuery.makerOf(query)
    if (maker === undefined || maker.transaction !== member.transaction) return undefined
    const isOwn = maker.owner.base === member.owner.base
    if (!isOwn && (maker.owner.key === undefined || maker.owner.key !== member.owner.key)) return undefined
    const own = isOwn ? (query as RoutedQuery) : (query as RoutedQuery).#remake?.(member)
    if (own instanceof RoutedQuery) own.#isAdmitted = true
    return own
  }

  /** A query that nobody may make: it fails when it is awaited. */
  static refused(error: unknown): RoutedQuery {
    return new RoutedQuery(failingPromise(error), undefined)
  }

  /** Whose query it is: `undefined` for what was not made through the extension. */
  static makerOf(value: unknown): Maker | undefined {
    return typeof value === 'object' && value !== null && #maker in value ? value.#maker : undefined
  }

  /** The query of a relation: `prisma.user.findUnique(…).posts()`. */
  static relation(query: unknown, property: string): unknown {
    if (!(query instanceof RoutedQuery)) return undefined
    const inner = query.#query
    const value: unknown = Reflect.get(inner, property)
    if (typeof value !== 'function') return value
    const remake = query.#remake
    return (...args: unknown[]) => {
      const again = remake && ((member: Member) => Reflect.get(Object(remake(member)), property)(...args))
      return RoutedQuery.of(value.apply(inner, args), query.#maker, property, again)
    }
  }

  get [Symbol.toStringTag](): 'PrismaPromise' {
    return 'PrismaPromise'
  }

  // biome-ignore lint/suspicious/noThenProperty: it is what it stands for.
  then<A = unknown, B = never>(
    fulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const work = this.#maker?.owner.work
    if (work === undefined) return this.#query.then(fulfilled, rejected)
    // Not another promise beside the caller's, which AsyncLocalStorage makes dear.
    work.begin()
    return this.#query.then(
      (value) => {
        work.end()
        return fulfilled ? fulfilled(value) : (value as A)
      },
      (reason) => {
        work.end()
        if (rejected) return rejected(reason)
        throw reason
      },
    )
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return this.then(undefined, rejected)
  }

  finally(settled?: (() => void) | null): Promise<unknown> {
    return this.then().finally(settled)
  }

  /**
   * Called by the `$transaction([…])` of a client. Of a client that `branches()` did not extend it has not been looked at,
   * whose promises are main's: then a branch's query would be no part of the batch.
   */
  requestTransaction(transaction: unknown): unknown {
    const branch = this.#maker?.owner.branch
    if (!this.#isAdmitted && branch !== undefined) {
      return Promise.reject(
        new MixedTransactionError(['a client that branches() does not know', JSON.stringify(branch)]),
      )
    }
    this.#isAdmitted = false
    return this.#query.requestTransaction?.(transaction)
  }
}

// What a query has not by itself, it has by its relations.
const relations = new Proxy(Object.prototype, {
  get(target, property, query) {
    if (typeof property === 'symbol' || property in target) return Reflect.get(target, property, query)
    return RoutedQuery.relation(query, property)
  },
})
Object.setPrototypeOf(RoutedQuery.prototype, relations)
