import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../../generated/sqlite/client.ts'
import { type SqlDriverAdapter, type SqlDriverAdapterFactory, sql } from '../../../src/driver/driver-adapter.ts'
import { selectMarks } from '../../kit/isolation-record.ts'
import { PATIENT_TRANSACTIONS } from '../../kit/patience.ts'
import { type Backend, type BackendServer, type Databases, without } from '../backend.ts'

export const migration = readFileSync('prisma/sqlite/migration.sql', 'utf8')

export const sqliteDialect: Pick<BackendServer, 'quote' | 'client'> = {
  quote: (identifier) => `"${identifier}"`,
  client: (adapter: SqlDriverAdapterFactory) => new PrismaClient({ ...PATIENT_TRANSACTIONS, adapter }),
}

/** SQLite with a file for each branch. Its connections are the handles of the files that this process has open. */
export const sqliteFiles: Backend = {
  name: 'SQLite, a file per branch',
  lacks: {
    'cut connections': 'SQLite has no server that could cut a connection',
    'count connections': 'libsql closes a file only when the garbage collector comes by',
    'drop in use': 'a SQLite file that is removed while it is open lives on for those who have it open',
    'two pools at once': 'a SQLite file has one writer, so the next pool waits until the one before it is closed',
    ...(existsSync('/proc/self/fd')
      ? {}
      : { 'see connections go': 'this system does not list the open files of a process' }),
  },
  async start() {
    const directory = await mkdtemp(join(tmpdir(), 'prisma-branches-matrix-'))
    let count = 0
    const databases = async (): Promise<Databases> => {
      const prefix = join(directory, `${++count}-`)
      const url = (branch: string) => `file:${prefix}${branch}.db`
      return {
        ...without('SQLite'),
        url,
        create: (branch) =>
          withFile(url(branch), (file) =>
            file.executeScript(`${migration}; INSERT INTO "User" (email) VALUES ('${branch}@example.com')`),
          ),
        drop: async (branch) => rmSync(`${prefix}${branch}.db`),
        emails: (branch) =>
          withFile(url(branch), async (file) => {
            const { rows } = await file.queryRaw(sql('SELECT email FROM "User" ORDER BY id'))
            return rows.map(([email]) => String(email))
          }),
        marks: (branch) => withFile(url(branch), readMarks),
        async connections() {
          collectGarbage()
          return openFiles().filter((path) => path.startsWith(prefix)).length
        },
        remove: async () => {},
      }
    }
    const adapter = (url: string) => new PrismaLibSql({ url })
    const stop = () => rm(directory, { recursive: true, force: true })
    return { ...sqliteDialect, poolSize: 1, adapter, databases, stop }
  },
}

export async function readMarks(database: SqlDriverAdapter): Promise<string[]> {
  const { rows } = await database.queryRaw(sql(selectMarks((model) => `"${model}"`)))
  return rows.map(([mark]) => String(mark))
}

async function withFile<T>(url: string, work: (adapter: SqlDriverAdapter) => Promise<T>): Promise<T> {
  const adapter = await new PrismaLibSql({ url }).connect()
  try {
    return await work(adapter)
  } finally {
    await adapter.dispose()
  }
}

/** Node's own, which it hides unless it is told otherwise. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((handle) => {
    try {
      return [readlinkSync(`/proc/self/fd/${handle}`)]
    } catch {
      // Closed since.
      return []
    }
  })
}
