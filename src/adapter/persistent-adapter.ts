import { isAdapterFactory, type SqlDriverAdapterFactory } from '../driver/driver-adapter.ts'
import { systemClock } from '../pools/clock.ts'
import { BranchEvents } from '../pools/events.ts'
import { OwnContext } from '../pools/own-context.ts'
import { Pools } from '../pools/pools.ts'
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
export function persistentAdapter(
  adapter: SqlDriverAdapterFactory,
  options: PoolOptions = {},
): SqlDriverAdapterFactory {
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
  const pools = new Pools(settings, systemClock, new BranchEvents(context), context)
  return new ManagedAdapterFactory(adapter, datasource, pools)
}
