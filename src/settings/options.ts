import type { SqlDriverAdapter, SqlDriverAdapterFactory } from '../driver/driver-adapter.ts'

/**
 * How long a pool lives and how its health is watched. All durations are milliseconds, as everywhere in Prisma; the
 * environment variables that are read for options not given here are in seconds, as Django's settings are.
 */
export interface PoolOptions {
  /**
   * Age at which a pool takes no new work, counted from the start of connecting. `0` closes it when the last unit of
   * work using it ends; `Infinity` never. Environment: `DB_CONN_MAX_AGE`, seconds or `none`.
   * @default 0
   */
  maxAge?: number | undefined
  /**
   * Shortens each pool's max-age by a random share up to this (0 to 1), so that pools opened together do not expire
   * together. Environment: `DB_CONN_MAX_AGE_JITTER`.
   * @default 0.1
   */
  maxAgeJitter?: number | undefined
  /**
   * Closes a pool that was unused for this long. `Infinity`: never. Environment: `DB_CONN_IDLE_TIMEOUT`, seconds or
   * `none`.
   * @default Infinity
   */
  idleTimeout?: number | undefined
  /**
   * Probes a reused pool before the first statement of a unit of work. Environment: `DB_CONN_HEALTH_CHECKS`.
   * @default false
   */
  healthChecks?: boolean | undefined
  /**
   * What a probe runs: SQL, or a function of the connected driver adapter that rejects if the pool is not fit for use.
   * @default 'SELECT 1'
   */
  probe?: string | Probe | undefined
  /**
   * A pool that was probed or used with success within this time is not probed again. `0`: once in every unit of work,
   * as Django does. Environment: `DB_CONN_PROBE_INTERVAL`, seconds.
   * @default 1_000
   */
  probeInterval?: number | undefined
  /**
   * How long the server may take to answer a probe; one that takes longer has failed. Environment:
   * `DB_CONN_PROBE_TIMEOUT`, seconds.
   * @default 2_000
   */
  probeTimeout?: number | undefined
  /**
   * How long the work in flight on a retired pool may take to finish before the pool is closed by force. `Infinity`:
   * as long as it likes. Environment: `DB_CONN_DRAIN_TIMEOUT`, seconds or `none`.
   * @default 30_000
   */
  drainTimeout?: number | undefined
  /**
   * How long the driver may take to close a pool, and to roll back a transaction that outlasted `drainTimeout`; one that
   * takes longer is given up. Environment: `DB_CONN_CLOSE_TIMEOUT`, seconds.
   * @default 2_000
   */
  closeTimeout?: number | undefined
}

export type Probe = (adapter: SqlDriverAdapter) => Promise<unknown>

/** The options of `branches()`. */
export interface BranchesOptions extends PoolOptions {
  /**
   * Branch name → datasource URL. A function returns nothing for a branch it does not know. A template has `{branch}` in it
   * where a name from outside can do no harm: in the path, in `schema`, or in the host before a fixed domain
   * (`{branch}-acme.turso.io`); its names are of letters, digits, `_`, `-` and `.` only, in a host of `a` to `z`, digits and
   * `-`. Environment: `DATABASE_BRANCH_URL`, a template.
   */
  url?: string | ((branch: string) => string | undefined | null) | undefined
  /**
   * Datasource URL → driver adapter, as for a PrismaClient of that URL. Called once per branch client, and depends on
   * nothing but the URL: branches of one URL share it.
   */
  adapter: (url: string) => SqlDriverAdapterFactory
  /**
   * Driver adapter → PrismaClient. It must use the adapter it is given, and may carry extensions of its own. Its `omit`
   * must be main's; `log`, `transactionOptions` and whatever else it is made with are its own.
   */
  client: (adapter: SqlDriverAdapterFactory) => object
  /**
   * Refuses every statement on the extended client that is neither in a unit of work nor on `$branch(…)`, with a
   * {@link BranchRequiredError}: then nothing reaches main unless it is named, as `$branch(undefined)` or
   * `$withBranch(undefined, work)`. Environment: `DB_BRANCH_REQUIRED`.
   * @default false
   */
  requireBranch?: boolean | undefined
  /**
   * Pools open at most, draining ones counted. Connections per process ≤ this × the size of the adapter's own pool.
   * `Infinity`: no bound. Environment: `DB_CONN_MAX_CLIENTS`, a number or `none`.
   * @default 20
   */
  maxClients?: number | undefined
  /**
   * Clients kept without an open pool at most: those used last. A client is dear to make (it parses the schema), and a
   * kept one holds memory but no connection. `Infinity`: all. Environment: `DB_CONN_KEEP_CLIENTS`, a number or `none`.
   * @default as `maxClients`
   */
  keepClients?: number | undefined
  /**
   * How long a statement or transaction waits for room under `maxClients` before it fails with an
   * {@link AcquireTimeoutError}. `Infinity`: for ever. Environment: `DB_CONN_ACQUIRE_TIMEOUT`, seconds or `none`.
   * @default 5_000
   */
  acquireTimeout?: number | undefined
}
