/** Every code an error of this package can carry. Codes are stable; messages are not. */
export type BranchErrorCode =
  | 'BRANCH_INVALID_OPTION'
  | 'BRANCH_INVALID_NAME'
  | 'BRANCH_INVALID_CALLBACK'
  | 'BRANCH_INVALID_URL'
  | 'BRANCH_UNKNOWN'
  | 'BRANCH_FACTORY_FAILED'
  | 'BRANCH_WRONG_SCHEMA'
  | 'BRANCH_ACQUIRE_TIMEOUT'
  | 'BRANCH_PROBE_TIMEOUT'
  | 'BRANCH_CLOSE_TIMEOUT'
  | 'BRANCH_DRAIN_TIMEOUT'
  | 'BRANCH_CLOSED'
  | 'BRANCH_MIXED_TRANSACTION'
  | 'BRANCH_IN_TRANSACTION'
  | 'BRANCH_REQUIRED'
  | 'BRANCH_MISSING'
  | 'BRANCH_PINNED_SCHEMA'

const brandOf = (name: string) => Symbol.for(`prisma-extension-branches/error/${name}`)

/** Gives a class its name, which minifiers would take away, and the brand by which other copies of it know its errors. */
function brand(errorClass: typeof BranchError | { readonly prototype: BranchError }, name: string): void {
  Object.defineProperty(errorClass, 'name', { value: name, configurable: true })
  Object.defineProperty(errorClass.prototype, 'name', { value: name, configurable: true, writable: true })
  Object.defineProperty(errorClass.prototype, brandOf(name), { value: true })
}

/**
 * What all errors of this package have in common. An error thrown below Prisma's query engine (waiting for room, a
 * transaction cut by `drainTimeout`) reaches the caller of a query as Prisma's own error class with the same `code`.
 *
 * `instanceof` knows the errors of every copy of the package in the process (rule I6).
 */
export class BranchError extends Error {
  static {
    brand(BranchError, 'BranchError')
  }

  readonly code: BranchErrorCode

  constructor(code: BranchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    // A class of the application's own.
    if (!isBranded(new.target)) this.name = new.target.name
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false
    // biome-ignore lint/complexity/noThisInStatic: each class has a brand of its own, and those of applications have none.
    return isBranded(this) ? brandOf(this.name) in value : Function.prototype[Symbol.hasInstance].call(this, value)
  }
}

function isBranded(errorClass: { readonly name: string; readonly prototype: object }): boolean {
  return Object.hasOwn(errorClass.prototype, brandOf(errorClass.name))
}

/** An option or an environment variable is missing, unknown, of the wrong type or out of range. */
export class InvalidOptionError extends BranchError {
  static {
    brand(InvalidOptionError, 'InvalidOptionError')
  }

  constructor(message: string) {
    super('BRANCH_INVALID_OPTION', message)
  }
}

/** A branch name that cannot be one: not a string, empty, or not fit for the URL template. */
export class InvalidBranchNameError extends BranchError {
  static {
    brand(InvalidBranchNameError, 'InvalidBranchNameError')
  }

  constructor(message: string) {
    super('BRANCH_INVALID_NAME', message)
  }
}

/** `$withBranch` was called without a function to run. */
export class InvalidCallbackError extends BranchError {
  static {
    brand(InvalidCallbackError, 'InvalidCallbackError')
  }

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
  static {
    brand(InvalidDatasourceUrlError, 'InvalidDatasourceUrlError')
  }

  constructor(message: string) {
    super('BRANCH_INVALID_URL', message)
  }
}

/** The `url` option knows no such branch: it returned nothing, or threw (then its error is the `cause`). */
export class UnknownBranchError extends BranchError {
  static {
    brand(UnknownBranchError, 'UnknownBranchError')
  }

  readonly branch: string

  constructor(branch: string, detail: string, options?: ErrorOptions) {
    super('BRANCH_UNKNOWN', `Unknown branch ${JSON.stringify(branch)}: ${detail}`, options)
    this.branch = branch
  }
}

/** The `adapter` or `client` option threw, or returned something that is no adapter or no client. */
export class BranchFactoryError extends BranchError {
  static {
    brand(BranchFactoryError, 'BranchFactoryError')
  }

  constructor(message: string, options?: ErrorOptions) {
    super('BRANCH_FACTORY_FAILED', message, options)
  }
}

/**
 * A connection that `schemaAdapter` made is not in its branch's schema, so that raw SQL would read another's rows: something
 * between here and the server dropped its `search_path`, as PgBouncer does with `ignore_startup_parameters = options`.
 */
export class WrongSchemaError extends BranchError {
  static {
    brand(WrongSchemaError, 'WrongSchemaError')
  }

  constructor(expected: readonly string[], actual: string | undefined) {
    const searchPath = expected.map((name) => JSON.stringify(name)).join(', ')
    super(
      'BRANCH_WRONG_SCHEMA',
      `The connection's search_path should be ${searchPath}, but is ${actual}: a pooler between here and ` +
        'PostgreSQL seems to drop startup options. Connect past it, use its session mode, or reach branches by a ' +
        'database or a login role each (see docs/connections.md, "Schemas behind PgBouncer")',
    )
  }
}

/** No room under `maxClients` came free within `acquireTimeout`. */
export class AcquireTimeoutError extends BranchError {
  static {
    brand(AcquireTimeoutError, 'AcquireTimeoutError')
  }

  constructor(branch: string, settings: { acquireTimeout: number; maxClients: number }) {
    super(
      'BRANCH_ACQUIRE_TIMEOUT',
      `Branch ${JSON.stringify(branch)} found no room within acquireTimeout (${settings.acquireTimeout} ms): all ` +
        `${settings.maxClients} clients are in use; prisma.$branches.stats() shows by whom. Raise maxClients ` +
        '(DB_CONN_MAX_CLIENTS) if the database has connections to spare, or make transactions shorter',
    )
  }
}

/** A probe got no answer within `probeTimeout`. Seen in `probed` events, never by a caller. */
export class ProbeTimeoutError extends BranchError {
  static {
    brand(ProbeTimeoutError, 'ProbeTimeoutError')
  }

  constructor(ms: number) {
    super('BRANCH_PROBE_TIMEOUT', `The probe got no answer within probeTimeout (${ms} ms)`)
  }
}

/** A pool's driver did not finish closing. Seen in `closeFailed` events, never by a caller. */
export class CloseTimeoutError extends BranchError {
  static {
    brand(CloseTimeoutError, 'CloseTimeoutError')
  }

  constructor(ms: number) {
    super('BRANCH_CLOSE_TIMEOUT', `The driver did not finish closing the pool within closeTimeout (${ms} ms)`)
  }
}

/**
 * The transaction was still open when the `drainTimeout` of its retired pool ran out, and was rolled back; or the statement
 * was still under way, and the driver closed without an answer to it.
 */
export class DrainTimeoutError extends BranchError {
  static {
    brand(DrainTimeoutError, 'DrainTimeoutError')
  }

  constructor(ms: number, what: 'transaction' | 'statement' = 'transaction') {
    super(
      'BRANCH_DRAIN_TIMEOUT',
      what === 'transaction'
        ? `The transaction was open for longer than drainTimeout (${ms} ms) after its pool was retired, and was ` +
            'rolled back. Raise drainTimeout (DB_CONN_DRAIN_TIMEOUT), or keep transactions shorter'
        : `The statement was under way for longer than drainTimeout (${ms} ms) after its pool was retired, and the driver ` +
            'closed without an answer to it: whether it was done is not known. Raise drainTimeout ' +
            '(DB_CONN_DRAIN_TIMEOUT), or give statements a time limit on the server',
    )
  }
}

/** The branch was closed while a statement or transaction waited for its pool, for longer than `drainTimeout`. */
export class ClosedWhileConnectingError extends BranchError {
  static {
    brand(ClosedWhileConnectingError, 'ClosedWhileConnectingError')
  }

  constructor(branch: string, ms: number) {
    super(
      'BRANCH_CLOSED',
      `Branch ${JSON.stringify(branch)} was closed while this waited for its connection, for longer than drainTimeout ` +
        `(${ms} ms). Nothing was sent. Give the driver a time limit for connecting, such as connectionTimeoutMillis, or ` +
        'raise drainTimeout (DB_CONN_DRAIN_TIMEOUT)',
    )
  }
}

/** One `$transaction([...])` was given promises that are not all known to be of its own branch. Nothing was written. */
export class MixedTransactionError extends BranchError {
  static {
    brand(MixedTransactionError, 'MixedTransactionError')
  }

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
  static {
    brand(BranchInTransactionError, 'BranchInTransactionError')
  }

  constructor(method: string) {
    super(
      'BRANCH_IN_TRANSACTION',
      `A transaction stays on its branch: ${method} cannot be called on a transaction's client. ` +
        'Call it on the client that the transaction was started from',
    )
  }
}

/**
 * With `requireBranch`, something was done outside of units of work and of `$branch`, and main was not named. Nothing was
 * sent (rule I8).
 */
export class BranchRequiredError extends BranchError {
  static {
    brand(BranchRequiredError, 'BranchRequiredError')
  }

  /** @param what was done without a branch: `user.findMany()` */
  constructor(what: string) {
    super(
      'BRANCH_REQUIRED',
      `${what} was called without a branch, which requireBranch (DB_BRANCH_REQUIRED) forbids. Call it inside of ` +
        'prisma.$withBranch(name, …) or on prisma.$branch(name); where the main client is meant, on prisma.$branch(undefined)',
    )
  }
}

/** A branch was asked for what only the main client has: extensions applied before `branches()` are not on branches. */
export class MissingOnBranchError extends BranchError {
  static {
    brand(MissingOnBranchError, 'MissingOnBranchError')
  }

  /** @param member a property of the client: a model, or a method of an extension */
  constructor(branch: string, member: string) {
    super(
      'BRANCH_MISSING',
      `The client of branch ${JSON.stringify(branch)} has no ${member}, which the main client has. Add it to the client ` +
        'that the client option makes, or apply its extension after branches()',
    )
  }
}

/** A model is pinned by `@@schema` to another schema than the branch's: it would read and write the rows of that one. */
export class PinnedSchemaError extends BranchError {
  static {
    brand(PinnedSchemaError, 'PinnedSchemaError')
  }

  /** @param schemas those that models are pinned to */
  constructor(branch: string, schemas: string[]) {
    super(
      'BRANCH_PINNED_SCHEMA',
      `Branch ${JSON.stringify(branch)} has a schema of its own, but @@schema pins models to ` +
        `${schemas.map((schema) => JSON.stringify(schema)).join(' and ')}, whose rows they would read and write. Take ` +
        '@@schema off the models that branches have, or give each branch a database of its own',
    )
  }
}
