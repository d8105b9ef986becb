import type { Cause } from '../../demo/cause.ts'

const LOST_CODES = /^(P1017|ConnectionClosed|08...|57P0[12]|ECONNRESET|EPIPE)$/
const LOST_WORDS = /Connection terminated|Client has encountered a connection error|Server has closed the connection/

const UNREACHABLE_CODES = /^(P1001|P1008|P2037|DatabaseNotReachable|SocketTimeout|TooManyConnections|57P03|53300)$/
const UNREACHABLE_WORDS =
  /Can't reach database server|timeout exceeded when trying to connect|due to connection timeout|the database system is|too many clients already/

/** The connection was there, and was lost. */
export function isLost({ code, message }: Cause): boolean {
  return LOST_CODES.test(code) || LOST_WORDS.test(message)
}

/** There was no connection to be had. */
export function isUnreachable({ code, message }: Cause): boolean {
  return UNREACHABLE_CODES.test(code) || UNREACHABLE_WORDS.test(message)
}
