/** Prisma's code for "too many clients already". */
const REFUSED = 'P2037'

/** Why a request failed, as the application tells its caller. */
export interface Cause {
  /** Of PostgreSQL, Prisma or its driver adapter. Some errors of a connection have none. */
  code: string
  message: string
}

/** What a driver adapter says of an error: as part of Prisma's error, or, of a transaction's `BEGIN`, on its own. */
interface DriverCause {
  kind?: string
  originalCode?: string
  originalMessage?: string
}

interface PrismaError {
  code?: string
  meta?: { driverAdapterError?: { cause?: DriverCause } }
  cause?: DriverCause
}

export function causeOf(error: unknown): Cause {
  const { code, meta, cause } = error as PrismaError
  const { kind, originalCode, originalMessage } = meta?.driverAdapterError?.cause ?? cause ?? {}
  // PostgreSQL's own words say more than Prisma's, but for the refusal, which is known by Prisma's code.
  if (originalCode !== undefined && code !== REFUSED) return { code: originalCode, message: originalMessage ?? '' }
  const message = error instanceof Error ? error.message : String(error)
  // Prisma's messages begin with where it was called. The port differs from run to run.
  return { code: code ?? kind ?? '', message: (message.trim().split('\n').at(-1) ?? '').replace(/:\d+$/, '') }
}

/** PostgreSQL has no connection slot left: what the first act is after. */
export function isRefusal({ code }: Cause): boolean {
  return code === REFUSED || code === '53300'
}

/** The connection was there, and was lost. */
export function isConnectionLoss({ code, message }: Cause): boolean {
  if (/^(P1017|ConnectionClosed|08...|57P0[12]|ECONNRESET|EPIPE)$/.test(code)) return true
  return code === '' && /^(Connection terminated|Client has encountered a connection error)/.test(message)
}

/** There was no server to connect to, or one that was on its way down or up. */
export function isServerAway({ code }: Cause): boolean {
  return code === 'P1001' || code === 'DatabaseNotReachable' || code === '57P03'
}
