import type { SqlDriverAdapterFactory } from '@prisma/client/runtime/client'

/**
 * Prisma's driver adapter interface. `@prisma/client` exports only its entry point, the factory; the rest is derived
 * from that, so that the package needs no second dependency for types.
 */
export type { SqlDriverAdapterFactory }
export type SqlDriverAdapter = Awaited<ReturnType<SqlDriverAdapterFactory['connect']>>
export type Transaction = Awaited<ReturnType<SqlDriverAdapter['startTransaction']>>
export type SqlQuery = Parameters<SqlDriverAdapter['queryRaw']>[0]
export type SqlResultSet = Awaited<ReturnType<SqlDriverAdapter['queryRaw']>>
export type IsolationLevel = NonNullable<Parameters<SqlDriverAdapter['startTransaction']>[0]>
export type ConnectionInfo = ReturnType<NonNullable<SqlDriverAdapter['getConnectionInfo']>>

export function isAdapterFactory(value: unknown): value is SqlDriverAdapterFactory {
  if (typeof value !== 'object' || value === null) return false
  const { connect, provider, adapterName } = value as Partial<Record<keyof SqlDriverAdapterFactory, unknown>>
  return typeof connect === 'function' && typeof provider === 'string' && typeof adapterName === 'string'
}

/** A statement without parameters. */
export function sql(text: string): SqlQuery {
  return { sql: text, args: [], argTypes: [] }
}
