import type { Datasource } from './datasource.ts'
import {
  type ConnectionInfo,
  type IsolationLevel,
  type SqlDriverAdapter,
  type SqlDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
  sql,
  type Transaction,
} from './driver-adapter.ts'
import type { OpenTransaction, Pool } from './pool.ts'
import type { Pools } from './pools.ts'
import { UnitOfWork } from './unit-of-work.ts'

export function isAdapterFactory(value: unknown): value is SqlDriverAdapterFactory {
  if (typeof value !== 'object' || value === null) return false
  const { connect, provider, adapterName } = value as Partial<Record<keyof SqlDriverAdapterFactory, unknown>>
  return typeof connect === 'function' && typeof provider === 'string' && typeof adapterName === 'string'
}

/**
 * The driver adapter that a PrismaClient is given in place of the real one. The client connects once and stays; each
 * of its statements and transactions goes to the pool that is live for its datasource at that moment.
 */
export class ManagedAdapterFactory implements SqlDriverAdapterFactory {
  readonly provider: SqlDriverAdapterFactory['provider']
  readonly adapterName: string
  readonly #datasource: Datasource
  readonly #pools: Pools

  constructor(wrapped: SqlDriverAdapterFactory, datasource: Datasource, pools: Pools) {
    this.provider = wrapped.provider
    this.adapterName = wrapped.adapterName
    this.#datasource = datasource
    this.#pools = pools
  }

  async connect(): Promise<SqlDriverAdapter> {
    // Prisma asks the adapter about the connection at once, and some drivers have to be connected to know.
    const pool = await this.#pools.use(this.#datasource, UnitOfWork.current())
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
    const pool = await this.#pools.use(this.#datasource, UnitOfWork.current())
    try {
      const transaction = await pool.adapter.startTransaction(isolationLevel)
      pool.succeeded()
      return manageTransaction(transaction, pool)
    } catch (error) {
      pool.failed(error)
      pool.end()
      throw error
    }
  }

  getConnectionInfo(): ConnectionInfo {
    return this.#connectionInfo
  }

  /** Drains first. The adapter stays usable: whoever comes later finds a live pool, as with a client that reconnects. */
  dispose(): Promise<void> {
    return this.#pools.close('closed', ({ key }) => key === this.#datasource.key)
  }

  #run<T>(statement: (adapter: SqlDriverAdapter) => Promise<T>): Promise<T> {
    const found = this.#pools.use(this.#datasource, UnitOfWork.current())
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
      pool.failed(error)
      pool.end()
      throw error
    },
  )
}

/** A driver that throws is one that rejects. */
function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work()
  } catch (error) {
    return Promise.reject(error)
  }
}

/** The transaction, with savepoints if the driver has them: Prisma looks whether the methods are there. */
function manageTransaction(transaction: Transaction, pool: Pool): Transaction {
  const managed: Transaction & ManagedTransaction = new ManagedTransaction(transaction, pool)
  for (const method of ['createSavepoint', 'rollbackToSavepoint', 'releaseSavepoint'] as const) {
    if (transaction[method] === undefined) continue
    managed[method] = async (name) => managed.transaction[method]?.(name)
  }
  return managed
}

/** Keeps its pool from closing until Prisma's engine ends it, which it does in every case. */
class ManagedTransaction implements Transaction, OpenTransaction {
  readonly provider: Transaction['provider']
  readonly adapterName: string
  readonly options: Transaction['options']
  /** Until it has ended: Prisma keeps the last 100 transactions of a client, which must not keep their pools. */
  #open: { readonly transaction: Transaction; readonly pool: Pool } | undefined
  #cut: Error | undefined
  #ending = false

  constructor(transaction: Transaction, pool: Pool) {
    this.provider = transaction.provider
    this.adapterName = transaction.adapterName
    this.options = transaction.options
    this.#open = { transaction, pool }
    pool.transactions.add(this)
  }

  get transaction(): Transaction {
    // Prisma's engine does not do that. A driver would say the same.
    if (this.#open === undefined) throw new Error('The transaction has ended')
    return this.#open.transaction
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.#run(() => this.transaction.queryRaw(query))
  }

  executeRaw(query: SqlQuery): Promise<number> {
    // One that was cut is being rolled back already. An error of that would take the place of what the batch failed with.
    if (this.#cut !== undefined && query.sql === 'ROLLBACK') return Promise.resolve(0)
    // Prisma ends a transaction in SQL first where the driver does not do that by itself.
    this.#ending ||= query.sql === 'COMMIT' || query.sql === 'ROLLBACK'
    return this.#run(() => this.transaction.executeRaw(query))
  }

  async commit(): Promise<void> {
    if (this.#cut !== undefined) throw this.#cut
    await this.#end(() => this.transaction.commit())
  }

  /** One that was cut is being rolled back already, and counts as in flight until that is done. */
  async rollback(): Promise<void> {
    if (this.#cut === undefined && this.#open !== undefined) await this.#end(() => this.transaction.rollback())
  }

  /** Rolls back behind the engine's back, which learns of it with its next statement. One that is ending may end. */
  abandon(error: Error): void {
    if (this.#ending) return
    this.#cut = error
    // A connection that is lost rolls back by itself.
    void this.#rollBack().catch(() => {})
  }

  async #rollBack(): Promise<void> {
    try {
      if (!this.options.usePhantomQuery) await this.transaction.executeRaw(sql('ROLLBACK'))
    } finally {
      await this.#end(() => this.transaction.rollback())
    }
  }

  #run<T>(statement: () => Promise<T>): Promise<T> {
    if (this.#cut !== undefined) return Promise.reject(this.#cut)
    return attempt(statement).catch((error: unknown) => {
      this.#open?.pool.failed(error)
      throw error
    })
  }

  async #end(end: () => Promise<void>): Promise<void> {
    this.#ending = true
    try {
      await end()
    } catch (error) {
      this.#open?.pool.failed(error)
      throw error
    } finally {
      const pool = this.#open?.pool
      this.#open = undefined
      if (pool?.transactions.delete(this)) pool.end()
    }
  }
}
