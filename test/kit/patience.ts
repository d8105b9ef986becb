/**
 * Milliseconds after which whatever a test waits for counts as hung: an event, an answer, the end of a process. It is far
 * more than the slowest machine needs, and nothing on a machine that works ever waits so long. The applications under test
 * are as patient, so that slowness alone fails nothing. Less than a test may take (vitest.config.ts): what was waited for
 * is told first.
 */
export const PATIENCE = 120_000

/** For clients whose interactive transactions must not fail because the machine is slow. */
export const PATIENT_TRANSACTIONS = { transactionOptions: { maxWait: PATIENCE, timeout: PATIENCE } }

/** For clients with branches that must not fail because the machine is slow. */
export const PATIENT_POOLS = { acquireTimeout: PATIENCE, probeTimeout: PATIENCE, drainTimeout: PATIENCE }

/** The same, for an application of its own that takes its settings from the environment. */
export const PATIENT_ENVIRONMENT = {
  DB_CONN_ACQUIRE_TIMEOUT: String(PATIENCE / 1_000),
  DB_CONN_PROBE_TIMEOUT: String(PATIENCE / 1_000),
  DB_CONN_DRAIN_TIMEOUT: String(PATIENCE / 1_000),
}
