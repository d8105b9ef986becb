import type { DatasourceIdentity } from '../datasource/datasource-identity.ts'
import type { SqlDriverAdapter } from '../driver/driver-adapter.ts'
import type { PoolIdentity } from './events.ts'

/** Where the pools of one datasource URL come from. */
export interface Datasource extends DatasourceIdentity {
  /** The name under which the branch was asked for first. */
  readonly branch: string
  connect(): Promise<SqlDriverAdapter>
  /** An error of its driver as it may be shown: without the secrets of the URL (rule L8). */
  redact?(error: unknown): unknown
}

export function identityOf({ branch, label }: Datasource): PoolIdentity {
  return { branch, url: label }
}
