import { schemaFinder } from '../adapter/qualified-schema.ts'
import type { Branch } from '../datasource/branch.ts'
import { identifyDatasource } from '../datasource/identity.ts'
import { redactor } from '../datasource/redaction.ts'
import { discard } from '../driver/discard.ts'
import type { SqlDriverAdapter, SqlDriverAdapterFactory, SqlQuery, Transaction } from '../driver/driver-adapter.ts'
import type { Datasource } from '../pools/datasource.ts'
import { BranchFactoryError, PinnedSchemaError } from '../settings/errors.ts'
import { pinnedSchemas } from './pinned-schemas.ts'

/** Driver pools that a connected adapter had: one that comes again was made elsewhere. */
const drivers = new WeakSet<object>()

/** Where the pools of a branch come from: its adapter, with what must hold of each that it connects. */
export class BranchDatasource implements Datasource {
  readonly key: string
  readonly label: string
  readonly branch: string
  readonly redact: (error: unknown) => unknown
  readonly #factory: SqlDriverAdapterFactory
  readonly #branch: Branch
  #pinned: ReadonlySet<string> = new Set()

  constructor(factory: SqlDriverAdapterFactory, branch: Branch) {
    this.key = branch.key
    this.label = branch.label
    this.branch = branch.name
    this.redact = redactor(branch.url)
    this.#factory = factory
    this.#branch = branch
  }

  /** The schemas that the models of the branch's client are pinned to by `@@schema`, other than the branch's own. */
  pin(client: object): void {
    const { schema } = this.#branch
    if (schema !== undefined) this.#pinned = new Set([...pinnedSchemas(client)].filter((pinned) => pinned !== schema))
  }

  /**
   * @throws {BranchFactoryError} if the adapter is not that of the branch
   * @throws what the driver throws, without the secrets of the URL
   */
  async connect(): Promise<SqlDriverAdapter> {
    this.#checkUrl()
    let adapter: SqlDriverAdapter
    try {
      adapter = await this.#factory.connect()
    } catch (error) {
      throw this.redact(error)
    }
    this.#checkDriver(adapter)
    this.#checkSchema(adapter)
    return this.#pinned.size === 0 ? adapter : this.#refusingPinned(adapter)
  }

  /** A relative path is another file once the process has another working directory (rule I1). */
  #checkUrl(): void {
    const { key, name, url } = this.#branch
    if (identifyDatasource(url, name).key === key) return
    throw new BranchFactoryError(
      `The datasource URL of branch ${JSON.stringify(name)} is relative to the working directory, which has changed since ` +
        'it was used first. Give an absolute path',
    )
  }

  /** A pool of the driver's that was made elsewhere is closed by nobody at max-age, or under the feet of its successor. */
  #checkDriver(adapter: SqlDriverAdapter): void {
    const { underlyingDriver } = adapter as { underlyingDriver?(): unknown }
    const driver = underlyingDriver?.call(adapter)
    if (typeof driver !== 'object' || driver === null) return
    if (drivers.has(driver)) throw externalPool(this.branch)
    drivers.add(driver)
  }

  /**
   * Prisma 7 reads no schema from the URL, so that an adapter that does not would read and write the rows of `public`
   * (rule B4).
   */
  #checkSchema(adapter: SqlDriverAdapter): void {
    const { name, schema } = this.#branch
    if (schema === undefined || adapter.provider !== 'postgres') return
    const used = this.#schemaOf(adapter)
    if (schema === used) return
    discard(adapter)
    throw new BranchFactoryError(
      `The URL of branch ${JSON.stringify(name)} names the schema ${JSON.stringify(schema)}, but its adapter uses ` +
        `${JSON.stringify(used)}. Prisma 7 reads no schema from the URL: write adapter: schemaAdapter(PrismaPg), from ` +
        'prisma-extension-branches/postgres',
    )
  }

  #schemaOf(adapter: SqlDriverAdapter): string {
    try {
      return adapter.getConnectionInfo?.().schemaName ?? 'public'
    } catch (error) {
      discard(adapter)
      throw this.redact(error)
    }
  }

  /** Prisma writes a pinned schema into its SQL whatever schema the adapter has, so that the SQL is what tells (rule I3). */
  #refusingPinned(adapter: SqlDriverAdapter): SqlDriverAdapter {
    const find = schemaFinder(this.#pinned)
    const check = (sql: string) => {
      const pinned = find(sql)
      if (pinned !== undefined) throw new PinnedSchemaError(this.branch, [pinned])
    }
    const { executeScript, startTransaction } = adapter
    adapter.executeScript = async (script) => {
      check(script)
      return executeScript.call(adapter, script)
    }
    adapter.startTransaction = async (isolationLevel) =>
      checked(await startTransaction.call(adapter, isolationLevel), check)
    return checked(adapter, check)
  }
}

/** The error of an adapter whose pool of connections is not its own. */
export function externalPool(branch: string): BranchFactoryError {
  return new BranchFactoryError(
    `The adapter option, called for branch ${JSON.stringify(branch)}, returned an adapter with a pool made elsewhere, which ` +
      'could neither be closed at max-age nor counted. Give the adapter its settings and let it make its own: ' +
      '(url) => new PrismaPg({ connectionString: url, max: 4 })',
  )
}

/** The same object, which asks before each statement. */
function checked<T extends SqlDriverAdapter | Transaction>(queryable: T, check: (sql: string) => void): T {
  const { queryRaw, executeRaw } = queryable
  queryable.queryRaw = async (query: SqlQuery) => {
    check(query.sql)
    return queryRaw.call(queryable, query)
  }
  queryable.executeRaw = async (query: SqlQuery) => {
    check(query.sql)
    return executeRaw.call(queryable, query)
  }
  return queryable
}
