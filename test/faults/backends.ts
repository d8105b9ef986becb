import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresDatabase } from '../kit/postgres-database.ts'
import { type Outage, over } from './verdict.ts'

const OTHERS = `FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`

/** Ends connections, as soon as there are any; over when the server has none of them any more. */
export async function terminate(database: PostgresDatabase, which = 'true'): Promise<Outage> {
  let pids: number[] = []
  while (pids.length === 0) {
    await delay(5)
    pids = (await database.query<{ pid: number }>(`SELECT pid ${OTHERS} AND ${which}`)).map(({ pid }) => pid)
  }
  const from = performance.now()
  await database.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids])
  while ((await database.query(`SELECT ${OTHERS} AND pid = ANY ($1)`, [pids])).length > 0) await delay(5)
  return { from, to: await over(), cut: pids.length }
}
