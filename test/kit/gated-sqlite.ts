import { PrismaLibSql } from '@prisma/adapter-libsql'
import type {
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  Transaction,
} from '../../src/driver/driver-adapter.ts'
import { Gate } from './gate.ts'

/**
 * A real SQLite adapter that a test can watch and hold back: connecting, statements, and closing. What passes is done by
 * the database.
 */
export class GatedSqlite implements SqlDriverAdapterFactory {
  readonly adapterName = '@prisma/adapter-libsql'
  readonly connecting = new Gate()
  readonly statements = new Gate()
  readonly closing = new Gate()
  /** Every SQL text that reached an adapter, with the number of the adapter (counted from 1). */
  readonly log: { pool: number; sql: string }[] = []
  /** Thrown instead of doing what is asked, for errors that SQLite has none of. */
  connectError: Error | undefined
  statementError: Error | undefined
  closeError: Error | undefined
  opened = 0
  disposed = 0
  readonly #factory: SqlDriverAdapterFactory

  /** @param provider what it says that it is: of a server's database, two pools may be open at the same time */
  constructor(
    readonly url: string,
    readonly provider: SqlDriverAdapter['provider'] = 'sqlite',
  ) {
    this.#factory = new PrismaLibSql({ url })
  }

  get open(): number {
    return this.opened - this.disposed
  }

  /** The log without what the library asks for itself when it opens a SQLite database. */
  get work(): string[] {
    return this.log.filter(({ sql }) => !sql.startsWith('PRAGMA')).map(({ pool, sql }) => `${pool}: ${sql}`)
  }

  async connect(): Promise<SqlDriverAdapter> {
    await this.connecting.pass()
    if (this.connectError !== undefined) throw this.connectError
    const adapter = await this.#factory.connect()
    this.opened++
    return this.#watch(adapter, this.opened)
  }

  #watch(adapter: SqlDriverAdapter, pool: number): SqlDriverAdapter {
    const run = async <T>(sql: string, statement: () => Promise<T>) => {
      this.log.push({ pool, sql })
      if (!sql.startsWith('PRAGMA')) await this.statements.pass()
      if (this.statementError !== undefined && !sql.startsWith('PRAGMA')) throw this.statementError
      return statement()
    }
    const queryable = (target: SqlDriverAdapter | Transaction) => ({
      provider: this.provider,
      adapterName: target.adapterName,
      queryRaw: (query: SqlQuery) => run(query.sql, () => target.queryRaw(query)),
      executeRaw: (query: SqlQuery) => run(query.sql, () => target.executeRaw(query)),
    })
    return {
      ...queryable(adapter),
      executeScript: (script) => run(script, () => adapter.executeScript(script)),
      startTransaction: async (level) => {
        const transaction = await run('BEGIN', () => adapter.startTransaction(level))
        return {
          ...queryable(transaction),
          options: transaction.options,
          commit: () => run('COMMIT', () => transaction.commit()),
          rollback: () => run('ROLLBACK', () => transaction.rollback()),
        }
      },
      dispose: async () => {
        await this.closing.pass()
        this.disposed++
        await adapter.dispose()
        if (this.closeError !== undefined) throw this.closeError
      },
    }
  }
}
