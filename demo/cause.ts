/** Why a request failed, as the application tells its caller. */
export interface Cause {
  /** Of Prisma or PostgreSQL. Some errors of a connection have none. */
  code: string
  message: string
}

interface PrismaError {
  code?: string
  meta?: { driverAdapterError?: { cause?: { originalCode?: string; originalMessage?: string } } }
}

export function causeOf(error: unknown): Cause {
  const { code = '', meta } = error as PrismaError
  const { originalCode, originalMessage } = meta?.driverAdapterError?.cause ?? {}
  const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n')
  // Prisma's code for what PostgreSQL said where it has one of its own, PostgreSQL's where Prisma has none.
  if (code === 'P2037' || originalCode === undefined)
    return { code, message: (lines.at(-1) ?? '').replace(/:\d+$/, '') }
  return { code: originalCode, message: originalMessage ?? '' }
}

/** PostgreSQL has no connection slot left: what the first act is after. */
export function isRefusal({ code }: Cause): boolean {
  return code === 'P2037' || code === '53300'
}

/** The connection was there, and was lost. */
export function isConnectionLoss({ code, message }: Cause): boolean {
  if (/^(P1017|08...|57P0[12])$/.test(code)) return true
  return code === '' && /^(Connection terminated|Client has encountered a connection error)/.test(message)
}

/** There was no server to connect to, or one that was on its way down or up. */
export function isServerAway({ code }: Cause): boolean {
  return code === 'P1001' || code === '57P03'
}
