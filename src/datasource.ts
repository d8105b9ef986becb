import type { DatasourceIdentity } from './datasource-url.ts'
import type { SqlDriverAdapter } from './driver-adapter.ts'
import type { PoolIdentity } from './events.ts'
import type { PrismaClientLike } from './prisma-client.ts'

/** A branch's name, resolved. */
export interface Branch extends DatasourceIdentity {
  readonly name: string
  /** As the application gave it. May hold a password: never printed. */
  readonly url: string
  /** The client that it had when it was resolved, if it had one: spares a look-up at every call. */
  readonly kept?: KeptClient
}

/** A branch's client, for as long as it is kept. */
export interface KeptClient {
  readonly client: PrismaClientLike
  /** Then the branch has another, or none. */
  readonly dropped: boolean
}

/** Where the pools of one datasource URL come from. */
export interface Datasource extends DatasourceIdentity {
  /** The name under which the branch was asked for first. */
  readonly branch: string
  connect(): Promise<SqlDriverAdapter>
}

export function identityOf({ branch, label }: Datasource): PoolIdentity {
  return { branch, url: label }
}
