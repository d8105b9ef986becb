/** Every code an error of this package can carry. Codes are stable; messages are not. */
export type BranchErrorCode =
  | 'BRANCH_INVALID_OPTION'
  | 'BRANCH_INVALID_NAME'
  | 'BRANCH_INVALID_CALLBACK'
  | 'BRANCH_INVALID_URL'
  | 'BRANCH_UNKNOWN'
  | 'BRANCH_REQUIRED'
  | 'BRANCH_MISSING'
  | 'BRANCH_PINNED_SCHEMA'
  | 'BRANCH_FACTORY_FAILED'
  | 'BRANCH_WRONG_SCHEMA'
  | 'BRANCH_ACQUIRE_TIMEOUT'
  | 'BRANCH_PROBE_TIMEOUT'
  | 'BRANCH_CLOSE_TIMEOUT'
  | 'BRANCH_DRAIN_TIMEOUT'
  | 'BRANCH_CLOSED'
  | 'BRANCH_MIXED_TRANSACTION'
  | 'BRANCH_IN_TRANSACTION'

/**
 * What all errors of this package have in common. An error thrown below Prisma's query engine (waiting for room, a
 * transaction cut by `drainTimeout`) reaches the caller of a query as Prisma's own error class with the same `code`.
 */
export class BranchError extends Error {
  readonly code: BranchErrorCode

  constructor(code: BranchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.name = new.target.name
  }
}

/** An option or an environment variable is missing, unknown, of the wrong type or out of range. */
export class InvalidOptionError extends BranchError {
  constructor(message: string) {
    super('BRANCH_INVALID_OPTION', message)
  }
}

/** A branch name that cannot be one: not a string, empty, or not fit for the URL template. */
export class InvalidBranchNameError extends BranchError {
  constructor(message: string) {
    super('BRANCH_INVALID_NAME', message)
  }
}

/** `$withBranch` was called without a function to run. */
export class InvalidCallbackError extends BranchError {
  constructor(given: string) {
    super(
      'BRANCH_INVALID_CALLBACK',
      `$withBranch expects a function as its second argument, got ${given}. ` +
        'Write: await prisma.$withBranch(branch, async () => { … })',
    )
  }
}

/** A datasource URL that does not parse. The URL itself is never part of the message: it may hold a password. */
export class InvalidDatasourceUrlError extends BranchError {
  constructor(message: string) {
    super('BRANCH_INVALID_URL', message)
  }
}

/** The `url` option knows no such branch: it returned nothing, or threw (then its error is the `cause`). */
export class UnknownBranchError extends BranchError {
  readonly branch: string

  constructor(branch: string, detail: string, options?: ErrorOptions) {
    super('BRANCH_UNKNOWN', `Unknown branch ${JSON.stringify(branch)}: ${detail}`, options)
    this.branch = branch
  }
}

/** The `adapter` or `client` option threw, or returned something that is no adapter or no client. */
export class BranchFactoryError extends BranchError {
  constructor(message: string, options?: ErrorOptions) {
    super('BRANCH_FACTORY_FAILED', message, options)
  }
}

/**
 * A connection that `schemaAdapter` made is not in its branch's schema, so that raw SQL would read another's rows: something
 * between here and the server dropped its `search_path`, as PgBouncer does with `ignore_startup_parameters = options`.
 */
export class WrongSchemaError extends BranchError {
  constructor(schema: string, searchPath: string | undefined) {
    super(
      'BRANCH_WRONG_SCHEMA',
      `The connection's search_path should be ${JSON.stringify(schema)}, but is ${searchPath}: a pooler between here and ` +
        'PostgreSQL seems to drop startup options. Connect past it, use its session mode, or reach branches by a ' +
        'database or a login role each (see docs/connections.md, "Schemas behind PgBouncer")',
    )
  }
}

/** No room under `maxClients` came free within `acquireTimeout`. */
export class AcquireTimeoutError extends BranchError {
  constructor(branch: string, settings: { acquireTimeout: number; maxClients: number }, busiest: string[]) {
    super(
      'BRANCH_ACQUIRE_TIMEOUT',
      `Branch ${JSON.stringify(branch)} found no room within acquireTimeout (${settings.acquireTimeout} ms): all ` +
        `${settings.maxClients} clients are in use, most by ${busiest.join(', ')}. Raise maxClients ` +
        '(DB_CONN_MAX_CLIENTS) if the database has connections to spare, or make transactions shorter',
    )
  }
}

/** A probe got no answer within `probeTimeout`. Seen in `probed` events, never by a caller. */
export class ProbeTimeoutError extends BranchError {
  constructor(ms: number) {
    super('BRANCH_PROBE_TIMEOUT', `The probe got no answer within probeTimeout (${ms} ms)`)
  }
}

/** A pool's driver did not finish closing. Seen in `closeFailed` events, never by a caller. */
export class CloseTimeoutError extends BranchError {
  constructor(ms: number) {
    super('BRANCH_CLOSE_TIMEOUT', `The driver did not finish closing the pool within closeTimeout (${ms} ms)`)
  }
}

/** The transaction was still open when the `drainTimeout` of its retired pool ran out, and was rolled back. */
export class DrainTimeoutError extends BranchError {
  constructor(ms: number) {
    super(
      'BRANCH_DRAIN_TIMEOUT',
      `The transaction was open for longer than drainTimeout (${ms} ms) after its pool was retired, and was ` +
        'rolled back. Raise drainTimeout (DB_CONN_DRAIN_TIMEOUT), or keep transactions shorter',
    )
  }
}

/** The branch was closed while a statement or transaction waited for its pool, for longer than `drainTimeout`. */
export class ClosedWhileConnectingError extends BranchError {
  constructor(branch: string, ms: number) {
    super(
      'BRANCH_CLOSED',
      `Branch ${JSON.stringify(branch)} was closed while this waited for its connection, for longer than drainTimeout ` +
        `(${ms} ms). Nothing was sent. Give the driver a time limit for connecting, such as connectionTimeoutMillis, or ` +
        'raise drainTimeout (DB_CONN_DRAIN_TIMEOUT)',
    )
  }
}

/** With `requireBranch`, something was done on the client without saying on which branch. Nothing was sent. */
export class BranchRequiredError extends BranchError {
  constructor() {
    super(
      'BRANCH_REQUIRED',
      'requireBranch is set, and no branch was named: nothing was sent. Do it in a unit of work, ' +
        'prisma.$withBranch(branch, work), or on prisma.$branch(branch); for main, name undefined',
    )
  }
}

/** A method, model or property that only the main client has was asked for on a branch. */
export class MissingOnBranchError extends BranchError {
  constructor(branch: string, member: string) {
    super(
      'BRANCH_MISSING',
      `The client of branch ${JSON.stringify(branch)} has no ${JSON.stringify(member)}, which the main client has. What ` +
        'was added to the main client before branches() stays there: add it to the client that the client option makes, ' +
        'too, or apply the extension after branches()',
    )
  }
}

/** One `$transaction([...])` was given promises that are not all known to be of its own branch. Nothing was written. */
export class MixedTransactionError extends BranchError {
  constructor(branches: string[]) {
    super(
      'BRANCH_MIXED_TRANSACTION',
      `All promises of one $transaction([...]) must belong to the same branch, got ${branches.join(' and ')}. ` +
        'Nothing was written. Use one $transaction per branch, with promises made on the client it is called on',
    )
  }
}

/** `$branch` or `$withBranch` was called on the client of an interactive transaction. */
export class BranchInTransactionError extends BranchError {
  constructor(method: string) {
    super(
      'BRANCH_IN_TRANSACTION',
      `A transaction stays on its branch: ${method} cannot be called on a transaction's client. ` +
        'Call it on the client that the transaction was started from',
    )
  }
}
