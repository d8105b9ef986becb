import type {
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
} from '../../../src/driver/driver-adapter.ts'

/** `PRAGMA database_list` of a database in a file, which the library asks for when it connects. */
const DATABASES: SqlResultSet = {
  columnNames: ['seq', 'name', 'file'],
  columnTypes: [0, 7, 7],
  rows: [[0, 'main', '/fake.db']],
}

const NOTHING: SqlResultSet = { columnNames: [], columnTypes: [], rows: [] }

/** A driver that answers at once and keeps nothing, so that what grows is kept by somebody else. */
export class FakeDriver {
  opened = 0
  closed = 0

  /** Hears of each adapter that is closed: here a test leaks what the library lets go of. */
  onClosed: (adapter: SqlDriverAdapter) => void = () => {}

  factory(): SqlDriverAdapterFactory {
    return { provider: 'sqlite', adapterName: '@prisma/adapter-libsql', connect: async () => this.#connect() }
  }

  #connect(): SqlDriverAdapter {
    this.opened++
    const answer = async ({ sql }: SqlQuery) => (sql.startsWith('PRAGMA') ? DATABASES : NOTHING)
    const adapter: SqlDriverAdapter = {
      provider: 'sqlite',
      adapterName: '@prisma/adapter-libsql',
      queryRaw: answer,
      executeRaw: async () => 0,
      executeScript: async () => {},
      startTransaction: async () => ({
        provider: 'sqlite',
        adapterName: '@prisma/adapter-libsql',
        options: { usePhantomQuery: true },
        queryRaw: answer,
        executeRaw: async () => 0,
        commit: async () => {},
        rollback: async () => {},
      }),
      dispose: async () => {
        this.closed++
        this.onClosed(adapter)
      },
    }
    return adapter
  }
}
