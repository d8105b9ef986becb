import { baseOf } from './client-family.ts'
import { MixedTransactionError } from './errors.ts'
import type { PrismaClientLike } from './prisma-client.ts'

/** The client on which each query that was not awaited yet was made. */
const madeBy = new WeakMap<object, PrismaClientLike>()

/** Remembers on which client a query was made. Whether `result` is one is not asked: that would cost more than this. */
export function remember(result: unknown, client: PrismaClientLike): void {
  if (typeof result === 'object' && result !== null) madeBy.set(result, client)
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
  const makers = queries.map((query) => madeBy.get(query as object)).filter((maker) => maker !== undefined)
  const bases = new Set(makers.map(baseOf))
  const branches = new Set([nameOf(baseOf(client)), ...[...bases].map(nameOf)])
  if (bases.size > 1 || branches.size > 1) throw new MixedTransactionError([...branches])
}
