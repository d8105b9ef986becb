import { PrismaLibSql } from '@prisma/adapter-libsql'
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from '../../../src/driver/driver-adapter.ts'
import { type Backend, type Databases, without } from '../backend.ts'
import { migration, readMarks, sqliteDialect } from './sqlite.ts'

const KEPT = 'a database in memory is never closed by itself, since its rows would be gone (rule D4)'

/**
 * SQLite with a database in memory for each branch: each connection to `:memory:` is a database of its own. The URLs only
 * tell the branches apart.
 */
export const sqliteMemory: Backend = {
  name: 'SQLite in memory, a database per branch',
  lacks: {
    reopen: KEPT,
    'see connections go': KEPT,
    'count connections': KEPT,
    'two pools at once': KEPT,
    'cut connections': 'a database in memory has no connection that could be cut',
    'drop in use': 'nobody else can drop a database in memory',
    transactions: 'after a transaction in memory libsql goes on with a new, empty database',
  },
  async start() {
    let count = 0
    const opened = new Map<string, SqlDriverAdapter[]>()
    const databases = async (): Promise<Databases> => {
      const prefix = `memory://${++count}`
      const elsewhere = (): never => {
        throw new Error('Nobody else can see a database in memory')
      }
      const url = (branch: string) => `${prefix}/${branch}`
      return {
        ...without('SQLite in memory'),
        url,
        // Its tables are made when it is connected to.
        create: async () => {},
        drop: elsewhere,
        emails: elsewhere,
        // Past the library, but over its connections, which are the databases.
        async marks(branch) {
          const all = await Promise.all((opened.get(url(branch)) ?? []).map(readMarks))
          return all.flat()
        },
        connections: elsewhere,
        remove: async () => {},
      }
    }
    const adapter = (url: string) =>
      memoryAdapter(url, (database) => opened.set(url, [...(opened.get(url) ?? []), database]))
    return { ...sqliteDialect, poolSize: 1, adapter, databases, stop: async () => {} }
  },
}

/** Each connection is a new database, with the tables and one user, named after the branch. */
function memoryAdapter(url: string, made: (database: SqlDriverAdapter) => void): SqlDriverAdapterFactory {
  const memory = new PrismaLibSql({ url: ':memory:' })
  const branch = new URL(url).pathname.slice(1)
  return {
    provider: memory.provider,
    adapterName: memory.adapterName,
    async connect() {
      const adapter = await memory.connect()
      await adapter.executeScript(`${migration}; INSERT INTO "User" (email) VALUES ('${branch}@example.com')`)
      made(adapter)
      return adapter
    },
  }
}
