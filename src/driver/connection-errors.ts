/**
 * Tells errors of the connection from errors of the statement (rule H7). Only the former make a pool suspect.
 *
 * A driver adapter throws Prisma's `DriverAdapterError`, whose `cause.kind` says what happened, or lets the driver's
 * own error through, which may have a code of Node's or none at all.
 */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { cause, code } = error as { cause?: unknown; code?: unknown }
  if (typeof cause === 'object' && cause !== null && 'kind' in cause) return isConnectionFailure(cause as Failure)
  if (typeof code === 'string' && NODE_CODES.has(code)) return true
  return MESSAGES.test(error.message)
}

interface Failure {
  kind: unknown
  code?: unknown
}

function isConnectionFailure({ kind, code }: Failure): boolean {
  if (kind === 'postgres') return typeof code === 'string' && SQLSTATES.test(code)
  if (kind === 'mysql') return typeof code === 'number' && MYSQL_CODES.has(code)
  return typeof kind === 'string' && KINDS.has(kind)
}

/** The kinds of Prisma's `MappedError` that say that there is no connection, or none to be had. */
const KINDS = new Set([
  'AuthenticationFailed',
  'ConnectionClosed',
  'DatabaseAccessDenied',
  'DatabaseDoesNotExist',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
])

/** Class 08, connection exception; 57P01 to 57P03 and 57P05, the server or an operator ended it; 25P03, it sat idle. */
const SQLSTATES = /^(08...|57P0[1235]|25P03)$/

/** Server shut down, connection lost or killed, of MySQL and MariaDB; those from 45000 on are the MariaDB connector's own. */
const MYSQL_CODES = new Set([
  1040, 1042, 1043, 1053, 1077, 1078, 1079, 1080, 1152, 1184, 1927, 2002, 2003, 2006, 2013, 4031, 45001, 45004, 45009,
  45011, 45012, 45013, 45015, 45019, 45026, 45027, 45028, 45035, 45037, 45039, 45042, 45061,
])

const NODE_CODES = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

/** Errors of node-postgres and of sockets that carry no code. */
const MESSAGES =
  /^(Connection terminated|Connection ended unexpectedly|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end|timeout exceeded when trying to connect|The server does not support SSL connections|socket hang up|read ECONNRESET|Query read timeout)/i
