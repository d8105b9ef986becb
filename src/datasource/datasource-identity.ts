/** What a datasource URL is known by. */
export interface DatasourceIdentity {
  /** Equal only for URLs that their driver reads alike. May hold a password: never printed. */
  readonly key: string
  /** Safe to print: scheme, host, port and database or path, and of the parameters only `schema`. */
  readonly label: string
  /** Of the parameter of that name, in a URL of PostgreSQL. */
  readonly schema?: string
}
