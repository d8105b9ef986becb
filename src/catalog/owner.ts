import type { PrismaClientLike } from './prisma-client.ts'
import type { WorkUnderWay } from './work-under-way.ts'

/** Main, or a branch as long as it has this client. */
export interface Owner {
  /** The client without extensions: clients of one base share one engine. */
  readonly base: PrismaClientLike
  /** Equal for clients of one branch, which has another when one was let go of. `undefined` for main, which has one. */
  readonly key: string | undefined
  /** The name of the branch, `undefined` for main. */
  readonly branch: string | undefined
  /** What was begun on it, however that was. */
  readonly work: WorkUnderWay
}
