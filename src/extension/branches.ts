import type { Types } from '@prisma/client/runtime/client'
import { BranchClients } from '../catalog/branch-clients.ts'
import { isPrismaClient, type PrismaClientLike } from '../catalog/prisma-client.ts'
import { type Clock, systemClock } from '../pools/clock.ts'
import { BranchEvents } from '../pools/events.ts'
import { OwnContext } from '../pools/own-context.ts'
import { Pools } from '../pools/pools.ts'
import { describe } from '../settings/describe.ts'
import { InvalidOptionError } from '../settings/errors.ts'
import type { BranchesOptions } from '../settings/options.ts'
import {
  CAP_OPTION_NAMES,
  CLIENT_OPTION_NAMES,
  checkOptionNames,
  type Environment,
  POOL_OPTION_NAMES,
  resolveBranchSettings,
  resolveCapSettings,
  resolvePoolSettings,
} from '../settings/settings.ts'
import { UnitOfWork } from '../units/unit-of-work.ts'
import { BranchRouter } from './branch-router.ts'
import type { BranchesSurface } from './surface.ts'

const OPTION_NAMES = ['url', 'adapter', 'client', ...POOL_OPTION_NAMES, ...CAP_OPTION_NAMES, ...CLIENT_OPTION_NAMES]

/** The extension as Prisma's types see it: it adds {@link BranchesSurface} to the client. */
export type BranchesExtension = (client: object) => {
  $extends: { extArgs: Types.Extensions.InternalArgs<unknown, unknown, unknown, BranchesSurface> }
}

/**
 * A Prisma Client extension for applications that reach many branches of a database, each by its own datasource URL.
 *
 * Options that are not given are read from the environment, once, here.
 *
 * @example
 * const prisma = new PrismaClient({ adapter }).$extends(
 *   branches({
 *     url: (branch) => schemaUrl(connectionString, `branch_${branch}`),
 *     adapter: schemaAdapter(PrismaPg),
 *     client: (adapter) => new PrismaClient({ adapter }),
 *   }),
 * )
 *
 * @throws {InvalidOptionError} on a missing, unknown or bad option, and on a bad environment variable
 */
export function branches(options: BranchesOptions): BranchesExtension {
  return branchesWith(options, process.env, systemClock)
}

/** {@link branches} with its surroundings, for tests. */
export function branchesWith(options: BranchesOptions, environment: Environment, clock: Clock): BranchesExtension {
  checkOptionNames('branches', options, OPTION_NAMES)
  const cap = resolveCapSettings(options, environment)
  const settings = { ...resolvePoolSettings(options, environment), ...cap }
  const { keepClients, requireBranch } = resolveBranchSettings(options, environment, cap)
  // In no unit of work, also where the client is made in one.
  const context = UnitOfWork.outside(() => new OwnContext())
  const parts = (main: PrismaClientLike | undefined) => {
    const events = new BranchEvents(context)
    const pools = new Pools(settings, clock, events, context)
    return {
      events,
      pools,
      clients: new BranchClients(options, environment, { pools, events, context, clock, keepClients, main }),
    }
  }
  // Checks the other options now; each client that is extended gets parts of its own.
  parts(undefined)
  const extension = (client: object): object => {
    if (!isPrismaClient(client)) {
      throw new InvalidOptionError(
        `branches() extends a PrismaClient: new PrismaClient({ … }).$extends(branches({ … })), got ${describe(client)}`,
      )
    }
    const { drainTimeout } = settings
    return new BranchRouter(client, { ...parts(client), clock, drainTimeout, requireBranch }).client
  }
  return extension as BranchesExtension
}
