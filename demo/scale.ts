/** The branches of the demo, by name. */
export const BRANCHES: readonly string[] = Array.from({ length: 150 }, (_, index) => String(index + 1).padStart(3, '0'))

/** `max_connections` of the server. One of them is the demo's own, which counts the others. */
export const SLOTS = 100

/** Requests under way at any moment. */
export const PARALLEL_REQUESTS = 32

/** Connections of one client at most, in every act. */
export const POOL_SIZE = 4

/** The cap of the extension on clients with open connections. */
export const MAX_CLIENTS = 20

/** What the extension may hold at most. */
export const CONNECTION_BOUND = POOL_SIZE * MAX_CLIENTS

/**
 * Milliseconds that the application of the demo gives whatever takes its time: room for a client, a transaction, a probe,
 * a drain. Long, because none of the claims is to depend on how fast the machine is: this only ends what hangs.
 */
export const PATIENCE = 60_000

/** Milliseconds after which an act ends that has not come to what it shows. Then its claims say what is missing. */
export const ACT_LIMIT = 10 * 60_000
