import { describe, expect, it } from 'vitest'
import { isConnectionError } from '../../../src/driver/connection-errors.ts'

const adapterError = (cause: object) =>
  Object.assign(new Error('driver adapter'), { name: 'DriverAdapterError', cause })
const nodeError = (code: string) => Object.assign(new Error(code), { code })

describe('H7: isConnectionError', () => {
  it.each([
    'AuthenticationFailed',
    'ConnectionClosed',
    'DatabaseDoesNotExist',
    'DatabaseNotReachable',
    'SocketTimeout',
    'TlsConnectionError',
    'TooManyConnections',
  ])('says yes to the kind %s', (kind) => {
    expect(isConnectionError(adapterError({ kind }))).toBe(true)
  })

  it.each(['57P01', '57P02', '57P03', '57P05', '08000', '08006', '08P01', '25P03'])(
    'says yes to SQLSTATE %s',
    (code) => {
      expect(isConnectionError(adapterError({ kind: 'postgres', code }))).toBe(true)
    },
  )

  it.each([1927, 2006, 2013, 45009, 45012, 45028])('says yes to MariaDB %i', (code) => {
    expect(isConnectionError(adapterError({ kind: 'mysql', code }))).toBe(true)
  })

  it.each(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND'])(
    'says yes to %s',
    (code) => {
      expect(isConnectionError(nodeError(code))).toBe(true)
    },
  )

  it.each([
    'Client has encountered a connection error and is not queryable',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Client was closed and is not queryable',
  ])('says yes to an error without a code: %s', (message) => {
    expect(isConnectionError(new Error(message))).toBe(true)
  })

  it.each([
    adapterError({ kind: 'UniqueConstraintViolation' }),
    adapterError({ kind: 'ForeignKeyConstraintViolation' }),
    adapterError({ kind: 'TableDoesNotExist' }),
    adapterError({ kind: 'InvalidInputValue' }),
    adapterError({ kind: 'TransactionWriteConflict' }),
    adapterError({ kind: 'postgres', code: '42601' }),
    adapterError({ kind: 'postgres', code: '57014' }),
    adapterError({ kind: 'mysql', code: 1064 }),
    adapterError({ kind: 'sqlite', extendedCode: 1 }),
    new TypeError('x is not a function'),
    new Error('syntax error near "Connection terminated"'),
    'a string',
    undefined,
  ])('says no to an error of the statement: %o', (error) => {
    expect(isConnectionError(error)).toBe(false)
  })
})
