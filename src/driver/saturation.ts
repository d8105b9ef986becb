import type { SqlDriverAdapter } from './driver-adapter.ts'

/** What the pools of node-postgres and of the MariaDB connector tell of the statements that wait for a connection. */
interface DriverPool {
  readonly waitingCount?: unknown
  taskQueueSize?(): unknown
}

/**
 * Whether statements wait for a connection inside of the driver, all of them being in use. `undefined` where the driver
 * does not say: Prisma's adapters for PostgreSQL and MariaDB do.
 */
export function isSaturated(adapter: SqlDriverAdapter): boolean | undefined {
  try {
    const pool = (adapter as { underlyingDriver?(): DriverPool }).underlyingDriver?.()
    const waiting = pool?.waitingCount ?? pool?.taskQueueSize?.()
    return typeof waiting === 'number' ? waiting > 0 : undefined
  } catch {
    return undefined
  }
}
