import {
  type IsolationLevel,
  type SqlQuery,
  type SqlResultSet,
  sql,
  type Transaction,
} from '../driver/driver-adapter.ts'
import type { OpenTransaction, Pool } from '../pools/pool.ts'
import { attempt } from './attempt.ts'

/**
 * Begins a transaction on a pool on which work for it has begun, which it ends.
 *
 * @param ended called when it is over, however that came
 */
export function beginTransaction(
  pool: Pool,
  isolationLevel: IsolationLevel | undefined,
  ended: () => void,
): Promise<Transaction> {
  return new Promise((resolve, reject) => {
    // One that has not begun yet is cut as well: its caller learns of it at once, and what still comes is rolled back.
    let isCut = false
    const beginning: OpenTransaction = {
      abandon(error) {
        isCut = true
        reject(error)
      },
    }
    const over = () => {
      pool.leave(beginning)
      pool.end()
      ended()
    }
    pool.enter(beginning)
    attempt(() => pool.adapter.startTransaction(isolationLevel)).then(
      (transaction) => {
        if (isCut) {
          rollBack(transaction).then(over, over)
          return
        }
        pool.succeeded()
        resolve(manageTransaction(transaction, pool, ended))
        pool.leave(beginning)
      },
      (error: unknown) => {
        const shown = pool.failed(error)
        over()
        reject(shown)
      },
    )
  })
}

/** As Prisma's engine does: in SQL first where the driver does not do that by itself. */
async function rollBack(transaction: Transaction): Promise<void> {
  try {
    if (!transaction.options.usePhantomQuery) await transaction.executeRaw(sql('ROLLBACK'))
  } finally {
    await transaction.rollback()
  }
}

/** The transaction, with savepoints if the driver has them: Prisma looks whether the methods are there. */
function manageTransaction(transaction: Transaction, pool: Pool, ended: () => void): Transaction {
  const managed: Transaction & ManagedTransaction = new ManagedTransaction(transaction, pool, ended)
  for (const method of ['createSavepoint', 'rollbackToSavepoint', 'releaseSavepoint'] as const) {
    if (transaction[method] === undefined) continue
    managed[method] = (name) => managed.run(async () => managed.transaction[method]?.(name))
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
  readonly #ended: () => void

  constructor(transaction: Transaction, pool: Pool, ended: () => void) {
    this.provider = transaction.provider
    this.adapterName = transaction.adapterName
    this.options = transaction.options
    this.#open = { transaction, pool }
    this.#ended = ended
    pool.enter(this)
  }

  get transaction(): Transaction {
    // Prisma's engine does not do that. A driver would say the same.
    if (this.#open === undefined) throw new Error('The transaction has ended')
    return this.#open.transaction
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.run(() => this.transaction.queryRaw(query))
  }

  executeRaw(query: SqlQuery): Promise<number> {
    // One that was cut is being rolled back already. An error of that would take the place of what the batch failed with.
    if (this.#cut !== undefined && query.sql === 'ROLLBACK') return Promise.resolve(0)
    // Prisma ends a transaction in SQL first where the driver does not do that by itself.
    this.#ending ||= query.sql === 'COMMIT' || query.sql === 'ROLLBACK'
    return this.run(() => this.transaction.executeRaw(query))
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
    void this.#end(() => rollBack(this.transaction)).catch(() => {})
  }

  /** What a cut transaction does no more. */
  run<T>(statement: () => Promise<T>): Promise<T> {
    if (this.#cut !== undefined) return Promise.reject(this.#cut)
    return attempt(statement).then(
      (result) => {
        this.#open?.pool.answered()
        return result
      },
      (error: unknown) => {
        throw this.#open === undefined ? error : this.#open.pool.failed(error)
      },
    )
  }

  async #end(end: () => Promise<void>): Promise<void> {
    this.#ending = true
    try {
      await end()
      this.#open?.pool.answered()
    } catch (error) {
      throw this.#open === undefined ? error : this.#open.pool.failed(error)
    } finally {
      const pool = this.#open?.pool
      this.#open = undefined
      if (pool !== undefined) {
        pool.leave(this)
        pool.end()
        this.#ended()
      }
    }
  }
}
