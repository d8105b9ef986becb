import type { Owner } from '../catalog/owner.ts'
import { MixedTransactionError } from '../settings/errors.ts'
import type { Maker } from './maker.ts'
import type { Member } from './member.ts'
import { isPrismaPromise } from './prisma-promise.ts'
import { RoutedQuery } from './routed-query.ts'

/**
 * Prisma sends each promise of a batch to the client that made it, and says nothing if there are several: then nothing
 * is atomic (rule B9). So each promise has to be of the batch's own client, and to be known to be: one that nobody can tell
 * is refused as well (rule I7). What is no promise of Prisma's is left to Prisma, which refuses it.
 *
 * @param own whose `$transaction` was called
 * @param nameOf how an error names a branch
 * @returns the queries, all of them of `own`
 * @throws {MixedTransactionError} before anything is sent
 */
export function ownBatch(queries: readonly unknown[], own: Member, nameOf: (owner: Owner) => string): unknown[] {
  const ofOwn = Array.from(queries, (query) => (isPrismaPromise(query) ? RoutedQuery.on(own, query) : query))
  if (ofOwn.every((query, i) => query !== undefined || queries[i] === undefined)) return ofOwn
  const name = (maker: Maker | undefined) => {
    if (maker === undefined) return 'a client that branches() does not know'
    return maker.transaction === undefined ? nameOf(maker.owner) : `a transaction on ${nameOf(maker.owner)}`
  }
  const makers = queries.filter(isPrismaPromise).map((query) => RoutedQuery.makerOf(query))
  throw new MixedTransactionError([...new Set([own, ...makers].map(name))])
}
