import type { PrismaClientLike } from '../catalog/prisma-client.ts'

/** What a promise of Prisma's belongs to, which is what `$transaction([…])` has to know of it (rule I7). */
export interface Maker {
  /** The client of a branch, without extensions: clients of one base share one engine. */
  readonly base: PrismaClientLike
  /** The interactive transaction that the promise is part of, if it is. */
  readonly transaction?: object | undefined
}
