import type { PrismaClientLike } from '../catalog/prisma-client.ts'
import { MixedTransactionError } from '../settings/errors.ts'
import type { Member } from './client-family.ts'
import { RoutedQuery } from './routed-query.ts'

/**
 * Prisma sends each promise of a batch to the client that made it, and says nothing if there are several: then nothing
 * is atomic (rule B9).
 *
 * @param nameOf the branch of a client
 * @throws {MixedTransactionError} before anything is sent
 */
export function checkBatch(
  queries: readonly unknown[],
  { base }: Member,
  nameOf: (base: PrismaClientLike) => string,
): void {
  const makers = queries.map((query) => RoutedQuery.makerOf(query)).filter((maker) => maker !== undefined)
  const bases = new Set(makers.map((maker) => maker.base))
  const branches = new Set([nameOf(base), ...[...bases].map(nameOf)])
  if (bases.size > 1 || branches.size > 1) throw new MixedTransactionError([...branches])
}
