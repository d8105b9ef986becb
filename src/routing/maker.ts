import type { Owner } from '../catalog/owner.ts'

/** What a promise of Prisma's belongs to, which is what `$transaction([…])` has to know of it (rule I7). */
export interface Maker {
  readonly owner: Owner
  /** The interactive transaction that the promise is part of, if it is. */
  readonly transaction?: object | undefined
}
