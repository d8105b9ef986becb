import { BranchFactoryError } from '../settings/errors.ts'
import type { PrismaClientLike } from './prisma-client.ts'

/**
 * The type of a branch client is main's, which lacks the fields that main's `omit` leaves out. A branch client made without
 * it would return them, a password's hash for instance. Prisma has no public way to ask a client for it, so that this reads
 * a field of its own; where there is none, nothing is refused.
 *
 * @throws {BranchFactoryError} if main omits what the branch's client returns
 */
export function checkOmit(main: PrismaClientLike | undefined, client: PrismaClientLike, branch: string): void {
  const missing = fieldsOf(main).filter((field) => !fieldsOf(client).includes(field))
  if (missing.length === 0) return
  throw new BranchFactoryError(
    `The main client omits ${missing.join(', ')}, and the client that the client option made for branch ` +
      `${JSON.stringify(branch)} does not. Give it the same option: (adapter) => new PrismaClient({ adapter, omit })`,
  )
}

function fieldsOf(client: PrismaClientLike | undefined): string[] {
  const { _globalOmit: omit } = (client ?? {}) as { _globalOmit?: Record<string, Record<string, unknown>> }
  return Object.entries(omit ?? {}).flatMap(([model, fields]) =>
    Object.entries(fields ?? {})
      .filter(([, omitted]) => omitted === true)
      .map(([field]) => `${model}.${field}`),
  )
}
