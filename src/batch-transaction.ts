import { baseOf } from './client-family.ts'
import { MixedTransactionError } from './errors.ts'
import type { PrismaClientLike } from './prisma-client.ts'

/** Under this a query that was not awaited yet has its maker: cheaper than a WeakMap with an entry for each. */
const MADE_BY = Symbol('prisma-extension-branches')

/** The client that made a query. Shows nothing of it to whoever prints the query: clients print their configuration. */
class Maker {
  readonly #client: PrismaClientLike

  constructor(client: PrismaClientLike) {
    this.#client = client
  }

  static of(query: unknown): PrismaClientLike | undefined {
    const maker = (query as Query | undefined)?.[MADE_BY]
    return maker === undefined ? undefined : maker.#client
  }
}

interface Query {
  readonly [Symbol.toStringTag]?: unknown
  [MADE_BY]?: Maker
}

const makers = new WeakMap<PrismaClientLike, Maker>()

/** Remembers on which client a query was made. What else a method returned is the application's. */
export function remember(result: unknown, client: PrismaClientLike): void {
  if (typeof result !== 'object' || result === null) return
  if ((result as Query)[Symbol.toStringTag] !== 'PrismaPromise') return
  let maker = makers.get(client)
  if (maker === undefined) {
    maker = new Maker(client)
    makers.set(client, maker)
  }
  ;(result as Query)[MADE_BY] = maker
}

/**
 * Prisma sends each promise of a batch to the client that made it, and says nothing if there are several: then nothing
 * is atomic (rule B9).
 *
 * @param nameOf the branch of a client
 * @throws {MixedTransactionError} before anything is sent
 */
export function checkBatch(
  queries: readonly unknown[],
  client: PrismaClientLike,
  nameOf: (base: PrismaClientLike) => string,
): void {
  const makers = queries.map((query) => Maker.of(query)).filter((maker) => maker !== undefined)
  const bases = new Set(makers.map(baseOf))
  const branches = new Set([nameOf(baseOf(client)), ...[...bases].map(nameOf)])
  if (bases.size > 1 || branches.size > 1) throw new MixedTransactionError([...branches])
}
