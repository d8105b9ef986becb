import { adapterOfClient } from '../driver/adapter-of-client.ts'
import { isAdapterFactory, type SqlDriverAdapterFactory } from '../driver/driver-adapter.ts'
import { systemClock } from '../pools/clock.ts'
import type { Datasource } from '../pools/datasource.ts'
import { type BranchEvent, type BranchEventListener, BranchEvents } from '../pools/events.ts'
import { OwnContext } from '../pools/own-context.ts'
import { Pools } from '../pools/pools.ts'
import { type PoolStats, poolStats } from '../pools/stats.ts'
import { describe } from '../settings/describe.ts'
import { InvalidOptionError } from '../settings/errors.ts'
import type { PoolOptions } from '../settings/options.ts'
import { checkOptionNames, POOL_OPTION_NAMES, resolvePoolSettings } from '../settings/settings.ts'
import { UnitOfWork } from '../units/unit-of-work.ts'
import { ManagedAdapterFactory } from './managed-adapter.ts'

/**
 * Gives any PrismaClient, branches or not, what the branch clients have: its pool is replaced at max-age, probed, and
 * closed when idle, without cutting what is in flight. Options not given are read from the environment, once, here.
 *
 * @example
 * new PrismaClient({ adapter: persistentAdapter(new PrismaPg({ connectionString })) })
 *
 * @throws {InvalidOptionError} on an adapter that is none, and on a bad option or environment variable
 */
export function persistentAdapter(adapter: SqlDriverAdapterFactory, options: PoolOptions = {}): PersistentAdapter {
  if (!isAdapterFactory(adapter)) {
    throw new InvalidOptionError(
      `persistentAdapter expects a driver adapter, such as new PrismaPg({ connectionString }), got ${describe(adapter)}`,
    )
  }
  checkOptionNames('persistentAdapter', options, POOL_OPTION_NAMES)
  // One datasource has one live pool; while it drains its predecessors, nobody has to wait.
  const settings = { ...resolvePoolSettings(options, process.env), maxClients: Infinity, acquireTimeout: Infinity }
  const datasource = { key: 'main', label: 'main', branch: 'main', connect: () => adapter.connect() }
  const context = UnitOfWork.outside(() => new OwnContext())
  const events = new BranchEvents(context)
  const pools = new Pools(settings, systemClock, events, context)
  return new PersistentAdapterFactory(adapter, datasource, { pools, events })
}

/** A driver adapter whose pool is watched and closed like that of a branch. */
export interface PersistentAdapter extends SqlDriverAdapterFactory {
  /** One row per pool, plain data: the live one, and those that drain. */
  stats(): PoolStats[]
  /** Lets what is in flight finish, and closes the pool. Work that comes later opens another. */
  close(): Promise<void>
  on<E extends BranchEvent>(event: E, listener: BranchEventListener<E>): this
  off<E extends BranchEvent>(event: E, listener: BranchEventListener<E>): this
}

interface Parts {
  readonly pools: Pools
  readonly events: BranchEvents
}

class PersistentAdapterFactory extends ManagedAdapterFactory implements PersistentAdapter {
  readonly #parts: Parts

  constructor(wrapped: SqlDriverAdapterFactory, datasource: Datasource, parts: Parts) {
    super(wrapped, datasource, parts.pools)
    this.#parts = parts
  }

  /** Of the adapter that a client was made with, if it is one of these and Prisma says so. */
  static poolsOf(client: object): Pools | undefined {
    const adapter = adapterOfClient(client)
    return typeof adapter === 'object' && adapter !== null && #parts in adapter ? adapter.#parts.pools : undefined
  }

  stats(): PoolStats[] {
    return poolStats(this.#parts.pools)
  }

  close(): Promise<void> {
    return this.#parts.pools.close('closed')
  }

  on<E extends BranchEvent>(event: E, listener: BranchEventListener<E>): this {
    this.#parts.events.on(event, listener)
    return this
  }

  off<E extends BranchEvent>(event: E, listener: BranchEventListener<E>): this {
    this.#parts.events.off(event, listener)
    return this
  }
}

/**
 * The pools of a client that was made with {@link persistentAdapter}: main's, for its statistics and for closing them. A
 * client that does not say is closed as Prisma closes it.
 */
export function persistentPoolsOf(client: object): Pools | undefined {
  return PersistentAdapterFactory.poolsOf(client)
}
