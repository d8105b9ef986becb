import { types } from 'node:util'
import type { Maker } from './maker.ts'
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

/**
 * Stands for a query that was not awaited yet, and knows whose it is: `$transaction([…])` has to tell (rule I7). The maker
 * is private, so that whoever prints the query sees nothing of it: clients print their configuration.
 */
export class RoutedQuery implements PrismaPromise {
  readonly #query: PrismaPromise
  readonly #maker: Maker | undefined

  private constructor(query: PrismaPromise, maker: Maker | undefined) {
    this.#query = query
    this.#maker = maker
  }

  /**
   * What `method` returned, called on something of `maker`'s: wrapped if it is a query, and else as it is. A query that has
   * a maker keeps it: a method of an extension may hand on a promise of another branch.
   */
  static of(result: unknown, maker: Maker | undefined, method: string | symbol): unknown {
    if (typeof result !== 'object' || result === null || #maker in result) return result
    const isQuery = WITH_RELATIONS.has(method) && types.isProxy(result)
    return isQuery || isPrismaPromise(result) ? new RoutedQuery(result as PrismaPromise, maker) : result
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
    return (...args: unknown[]) => RoutedQuery.of(value.apply(inner, args), query.#maker, property)
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

  requestTransaction(transaction: unknown): unknown {
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
