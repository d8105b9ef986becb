import { PostgresDatabase } from '../../kit/postgres-database.ts'

const WAITING = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

/**
 * Keeps every statement on the users of some branches waiting, for as long as a test wants work to be under way. Until
 * {@link release}, it has a connection to the database, which is counted.
 */
export class TableLock {
  readonly #watched: PostgresDatabase
  readonly #holder: PostgresDatabase

  private constructor(watched: PostgresDatabase, holder: PostgresDatabase) {
    this.#watched = watched
    this.#holder = holder
  }

  static async on(database: PostgresDatabase, branches: readonly string[]): Promise<TableLock> {
    const holder = new PostgresDatabase(database.url)
    const tables = branches.map((branch) => `"branch_${branch}"."User"`)
    await holder.query(`BEGIN; LOCK TABLE ${tables.join()} IN ACCESS EXCLUSIVE MODE`)
    return new TableLock(database, holder)
  }

  /** Statements that wait for it. Inside its own transaction, the activity would be seen as it was at first. */
  async waiting(): Promise<number> {
    const [row] = await this.#watched.query<{ count: number }>(`SELECT count(*)::int ${WAITING}`)
    return row?.count ?? 0
  }

  async release(): Promise<void> {
    await this.#holder.query('COMMIT')
    await this.#holder.disconnect()
  }
}
