/** Node processes that share the database, as the instances of a deployed application do. */
export const PROCESSES = 4
export const BRANCHES = Array.from({ length: 100 }, (_, i) => `b${String(i).padStart(2, '0')}`)
/** The option `maxClients` of each process. */
export const MAX_CLIENTS = 20
/** The option `max` of each adapter: connections of one pool. */
export const POOL_SIZE = 2
/** Units of work at the same time in each process. */
export const WORKERS = 8
/** What the fleet may have of PostgreSQL, with a pooler. */
export const SERVER_CONNECTIONS = 20
/**
 * The limit that PgBouncer is given. To make room it closes a connection and opens another, and does not wait for the
 * server to be done with the first: a server under load has both for a moment. Even if it had all of them twice, it would
 * be within the bound.
 */
export const POOLER_LIMIT = SERVER_CONNECTIONS / 2
/** What the processes may have open by themselves. */
export const CLIENT_CONNECTIONS = PROCESSES * MAX_CLIENTS * POOL_SIZE

/**
 * Milliseconds that a unit of work may wait for its turn, under `maxClients` and at the pooler, and a transaction, a probe
 * and a drain may take. Long, so that a slow machine is no reason to fail: this only ends what hangs.
 */
export const PATIENCE = 100_000

/** Of load on each side of the comparison. */
export const SECONDS = secondsOf(process.env.FLEET_SECONDS ?? '25')

function secondsOf(text: string): number {
  const seconds = Number(text)
  if (seconds >= 1) return seconds
  throw new Error(`FLEET_SECONDS must be a number of seconds of 1 or more, got ${JSON.stringify(text)}`)
}
