import { type SqlDriverAdapter, sql } from './driver-adapter.ts'

/** Whether an adapter's database is a SQLite database in memory: then its file has no name (rule D4). */
export async function isInMemory(adapter: SqlDriverAdapter): Promise<boolean> {
  if (adapter.provider !== 'sqlite') return false
  try {
    const { columnNames, rows } = await adapter.queryRaw(sql('PRAGMA database_list'))
    const main = rows.find((row) => row[columnNames.indexOf('name')] === 'main')
    return main !== undefined && !main[columnNames.indexOf('file')]
  } catch {
    return false
  }
}
