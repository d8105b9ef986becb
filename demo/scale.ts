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
