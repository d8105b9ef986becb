import type {
  ConnectionInfo,
  IsolationLevel,
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
  Transaction,
} from '../driver/driver-adapter.ts'
import type { Datasource } from '../pools/datasource.ts'
import type { Pool } from '../pools/pool.ts'
import type { Pools } from '../pools/pools.ts'
import { UnitOfWork } from '../units/unit-of-work.ts'
import { attempt } from './attempt.ts'
import { beginTransaction } from './managed-transaction.ts'

/**
 * The driver adapter that a PrismaClient is given in place of the real one. The client connects once and stays; each
 * of its statements and transactions goes to the pool that is live for its datasource at that moment.
 */
export class ManagedAdapterFactory implements SqlDriverAdapterFactory {
  readonly provider: SqlDriverAdapterFactory['provider']
  readonly adapterName: string
  readonly #datasource: Datasource
  readonly #pools: Pools
  #wasAsked = false

  constructor(wrapped: SqlDriverAdapterFactory, datasource: Datasource, pools: Pools) {
    this.provider = wrapped.provider
    this.adapterName = wrapped.adapterName
    this.#datasource = datasource
    this.#pools = pools
  }

  /** Whether anybody has asked it for a connection: a client that never did uses another adapter. */
  get wasAsked(): boolean {
    return this.#wasAsked
  }

  async connect(): Promise<SqlDriverAdapter> {
    this.#wasAsked = true
    // Prisma asks the adapter about the connection at once, and some drivers have to be connected to know.
    const pool = await this.#pools.acquire(this.#datasource, UnitOfWork.current())
    try {
      return new ManagedAdapter(pool.adapter, this.#datasource, this.#pools)
    } finally {
      pool.end()
    }
  }
}

class ManagedAdapter implements SqlDriverAdapter {
  readonly provider: SqlDriverAdapter['provider']
  readonly adapterName: string
  readonly #connectionInfo: ConnectionInfo
  readonly #datasource: Datasource
  readonly #pools: Pools

  constructor(connected: SqlDriverAdapter, datasource: Datasource, pools: Pools) {
    this.provider = connected.provider
    this.adapterName = connected.adapterName
    // As Prisma assumes of an adapter that does not say.
    this.#connectionInfo = connected.getConnectionInfo?.() ?? { supportsRelationJoins: false }
    this.#datasource = datasource
    this.#pools = pools
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.#run((adapter) => adapter.queryRaw(query))
  }

  executeRaw(query: SqlQuery): Promise<number> {
    return this.#run((adapter) => adapter.executeRaw(query))
  }

  executeScript(script: string): Promise<void> {
    return this.#run((adapter) => adapter.executeScript(script))
  }

  async startTransaction(isolationLevel?: IsolationLevel): Promise<Transaction> {
    const pool = await this.#pools.acquire(this.#datasource, UnitOfWork.current())
    return beginTransaction(pool, isolationLevel)
  }

  getConnectionInfo(): ConnectionInfo {
    return this.#connectionInfo
  }

  /** Drains first. The adapter stays usable: whoever comes later finds a live pool, as with a client that reconnects. */
  dispose(): Promise<void> {
    return this.#pools.close('closed', ({ key }) => key === this.#datasource.key)
  }

  #run<T>(statement: (adapter: SqlDriverAdapter) => Promise<T>): Promise<T> {
    const found = this.#pools.acquire(this.#datasource, UnitOfWork.current())
    return found instanceof Promise ? found.then((pool) => runOn(pool, statement)) : runOn(found, statement)
  }
}

/**
 * A statement is never repeated: it failed after it was sent, and may have done its work (rule H6). Without `await`, whose
 * promises AsyncLocalStorage makes dear.
 */
function runOn<T>(pool: Pool, statement: (adapter: SqlDriverAdapter) => Promise<T>): Promise<T> {
  return attempt(() => statement(pool.adapter)).then(
    (result) => {
      pool.succeeded()
      pool.end()
      return result
    },
    (error: unknown) => {
      const shown = pool.failed(error)
      pool.end()
      throw shown
    },
  )
}
