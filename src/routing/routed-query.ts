import { types } from 'node:util'
import type { Member } from './client-family.ts'

/** As much of Prisma's own promise as there is to call. Its query is sent when it is first awaited. */
interface PrismaPromise {
  readonly [Symbol.toStringTag]: 'PrismaPromise'
  then: Promise<unknown>['then']
  catch: Promise<unknown>['catch']
  finally: Promise<unknown>['finally']
  requestTransaction?(transaction: unknown): unknown
}

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
 * Stands for a query that was not awaited yet, and knows which client made it: `$transaction([…])` has to tell. The
 * client is private, so that whoever prints the query sees nothing of it: clients print their configuration.
 */
export class RoutedQuery implements PrismaPromise {
  readonly #query: PrismaPromise
  readonly #maker: Member

  private constructor(query: PrismaPromise, maker: Member) {
    this.#query = query
    this.#maker = maker
  }

  /** What `method` of a client of `maker` returned: wrapped if it is a query, and else as it is. */
  static of(result: unknown, maker: Member, method: string | symbol): unknown {
    if (typeof result !== 'object' || result === null) return result
    const isQuery = WITH_RELATIONS.has(method) && types.isProxy(result)
    if (!isQuery && (result as Partial<PrismaPromise>)[Symbol.toStringTag] !== 'PrismaPromise') return result
    return new RoutedQuery(result as PrismaPromise, maker)
  }

  /** Whose query it is, if it is one. */
  static makerOf(value: unknown): Member | undefined {
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
    return this.#query.then(fulfilled, rejected)
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return this.#query.catch(rejected)
  }

  finally(settled?: (() => void) | null): Promise<unknown> {
    return this.#query.finally(settled)
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
