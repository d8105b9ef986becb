import type { SqlQuery, SqlResultSet, Transaction } from '../../src/driver/driver-adapter.ts'
import { answerTo, type FakeDatabase } from './fake-driver.ts'
import type { Connection, Fate, Moment } from './ledger.ts'

/** Counts as in flight until it is committed or rolled back, whichever way that ends. */
export class FakeTransaction implements Transaction {
  readonly provider: FakeDatabase['provider']
  readonly adapterName: string
  readonly options: Transaction['options']
  readonly #database: FakeDatabase
  readonly #connection: Connection
  readonly #saw: (error: unknown) => void
  readonly #over: () => void
  readonly #began: Moment

  constructor(database: FakeDatabase, connection: Connection, saw: (error: unknown) => void, over: () => void) {
    this.provider = database.provider
    this.adapterName = database.adapterName
    // Some drivers end a transaction by themselves, others are sent the SQL first: here are both.
    this.options = { usePhantomQuery: connection.number % 2 === 0 }
    this.#began = database.ledger.now()
    this.#database = database
    this.#connection = connection
    this.#saw = saw
    this.#over = over
  }

  queryRaw({ sql }: SqlQuery): Promise<SqlResultSet> {
    this.#database.watch.continues(this.#connection, this.#began)
    return this.#run(sql, sql.split(' ').at(-1) as Fate).then(() => answerTo(this.#connection.branch, sql))
  }

  executeRaw({ sql }: SqlQuery): Promise<number> {
    return this.#run(sql, this.#database.fateOf('end')).then(() => 1)
  }

  commit(): Promise<void> {
    return this.#run('commit', this.#database.fateOf('end')).finally(this.#over)
  }

  rollback(): Promise<void> {
    return this.#run('rollback', this.#database.fateOf('end')).finally(this.#over)
  }

  async #run(what: string, fate: Fate): Promise<void> {
    // What was cut is rolled back, and what was committing commits, whenever the driver gets to that.
    const ends = /^(commit|rollback)$/i.test(what)
    if (!ends || this.#connection.cut === undefined) this.#database.watch.sends(this.#connection)
    try {
      await this.#database.answer(`${what} in a transaction`, fate)
      this.#connection.heard = this.#database.ledger.now()
    } catch (error) {
      this.#saw(error)
      throw error
    }
  }
}
