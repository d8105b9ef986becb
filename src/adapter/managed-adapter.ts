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
import { AdapterWork } from './adapter-work.ts'
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
  readonly work = new AdapterWork()
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
    this.work.begin()
    try {
      const pool = await this.#pools.acquire(this.#datasource, UnitOfWork.current())
      try {
        return new ManagedAdapter(pool.adapter, this.#datasource, this.#pools, this.work)
      } finally {
        pool.end()
      }
    } finally {
      this.work.end()
    }
  }
}

class ManagedAdapter implements SqlDriverAdapter {
  readonly provider: SqlDriverAdapter['provider']
  readonly adapterName: string
  readonly #connectionInfo: ConnectionInfo
  readonly #datasource: Datasource
  readonly #pools: Pools
  readonly #work: AdapterWork

  constructor(connected: SqlDriverAdapter, datasource: Datasource, pools: Pools, work: AdapterWork) {
    this.provider = connected.provider
    this.adapterName = connected.adapterName
    // As Prisma assumes of an adapter that does not say.
    this.#connectionInfo = connected.getConnectionInfo?.() ?? { supportsRelationJoins: false }
    this.#datasource = datasource
    this.#pools = pools
    this.#work = work
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
    const over = () => this.#work.end()
    this.#work.begin()
    let pool: Pool
    try {
      pool = await this.#pools.acquire(this.#datasource, UnitOfWork.current())
    } catch (error) {
      over()
      throw error
    }
    return beginTransaction(pool, isolationLevel, over)
  }

  getConnectionInfo(): ConnectionInfo {
    return this.#connectionInfo
  }

  /** Drains first. The adapter stays usable: whoever comes later finds a live pool, as with a client that reconnects. */
  async dispose(): Promise<void> {
    if (this.#work.isAbandoned) return
    await this.#pools.close('closed', ({ key }) => key === this.#datasource.key)
  }

  #run<T>(statement: (adapter: SqlDriverAdapter) => Promise<T>): Promise<T> {
    const work = this.#work
    work.begin()
    const found = this.#pools.acquire(this.#datasource, UnitOfWork.current())
    if (!(found instanceof Promise)) return runOn(found, work, statement)
    const failed = (error: unknown) => {
      work.end()
      throw error
    }
    return found.then((pool) => runOn(pool, work, statement), failed)
  }
}

/**
 * A statement is never repeated: it failed after it was sent, and may have done its work (rule H6). Without `await`, whose
 * promises AsyncLocalStorage makes dear.
 */
function runOn<T>(pool: Pool, work: AdapterWork, statement: (adapter: SqlDriverAdapter) => Promise<T>): Promise<T> {
  return pool.orStranded(attempt(() => statement(pool.adapter))).then(
    (result) => {
      pool.succeeded()
      pool.end()
      work.end()
      return result
    },
    (error: unknown) => {
      const shown = pool.failed(error)
      pool.end()
      work.end()
      throw shown
    },
  )
}
