import { describe } from '../settings/describe.ts'

/** As much of a PrismaClient as the library itself calls. */
export interface PrismaClientLike {
  $extends(extension: unknown): unknown
  $connect(): Promise<void>
  $disconnect(): Promise<void>
  $transaction(work: unknown, ...options: unknown[]): Promise<unknown>
}

export function isPrismaClient(value: unknown): value is PrismaClientLike {
  if (typeof value !== 'object' || value === null) return false
  const client = value as Partial<Record<keyof PrismaClientLike, unknown>>
  return typeof client.$extends === 'function' && typeof client.$transaction === 'function'
}

/** `client.$extends(extension)`, or an error if an extension given as a function returns something that is no client. */
export function extend(client: PrismaClientLike, extension: unknown): PrismaClientLike {
  const extended = client.$extends(extension)
  if (isPrismaClient(extended)) return extended
  throw new TypeError(`A Prisma extension must return a client, got ${describe(extended)}`)
}

/** One of the objects through which a client reaches a model, such as `prisma.user`. */
export function isModelDelegate(value: unknown): value is object {
  return typeof value === 'object' && value !== null && '$name' in value && '$parent' in value
}
