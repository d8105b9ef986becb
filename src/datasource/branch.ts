import type { DatasourceIdentity } from './datasource-identity.ts'

/** A branch's name, resolved. */
export interface Branch extends DatasourceIdentity {
  readonly name: string
  /** As the application gave it. May hold a password: never printed. */
  readonly url: string
}
