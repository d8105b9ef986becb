import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresServer } from '../test/kit/embedded-postgres.ts'
import type { ConnectionCounter } from './connection-counter.ts'
import type { Span } from './ledger.ts'

/** When connections were cut, from outside. */
export interface Outage extends Span {
  kind: 'terminated' | 'restarted'
}

/** Of the connections that `terminateAll` ends: one that is still being made has no database yet. */
const BACKENDS = 'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'

/** Ends every connection; over when the server has none of them any more. */
export async function terminateBackends(server: PostgresServer): Promise<Outage & { backends: number }> {
  const from = performance.now()
  const pids = (await server.query<{ pid: number }>(BACKENDS)).map(({ pid }) => pid)
  const backends = await server.terminateAll()
  while ((await server.query(`${BACKENDS} AND pid = ANY ($1)`, [pids])).length > 0) await delay(5)
  return { kind: 'terminated', from, to: performance.now(), backends }
}

export async function restartServer(server: PostgresServer, counter: ConnectionCounter): Promise<Outage> {
  let from = 0
  await counter.pauseDuring(() => {
    from = performance.now()
    return server.restart()
  })
  return { kind: 'restarted', from, to: performance.now() }
}
