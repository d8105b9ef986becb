import type { PrismaClientLike } from '../catalog/prisma-client.ts'
import type { WorkUnderWay } from './work-under-way.ts'

/** Main, or a branch, as long as it has this client. */
export interface Owner {
  /** The client without extensions: clients of one base share one engine. */
  readonly base: PrismaClientLike
  /** The name of the branch, `undefined` for main. */
  readonly branch: string | undefined
  /** Where what is begun on it is counted, if it is. */
  readonly work?: WorkUnderWay | undefined
}

/** What a promise of Prisma's belongs to, which is what `$transaction([…])` has to know of it (rule I7). */
export interface Maker {
  readonly owner: Owner
  /** The interactive transaction that the promise is part of, if it is. */
  readonly transaction?: object | undefined
}
