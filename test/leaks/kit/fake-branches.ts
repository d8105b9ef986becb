import { PrismaClient } from '../../../generated/sqlite/client.ts'
import { branchesWith } from '../../../src/extension/branches.ts'
import { type Clock, systemClock } from '../../../src/pools/clock.ts'
import type { BranchesOptions } from '../../../src/settings/options.ts'
import type { FakeDriver } from './fake-driver.ts'

/** A client with the extension whose branches, any number of them, are the driver's. */
export function fakeBranches(driver: FakeDriver, options: Partial<BranchesOptions>, clock: Clock = systemClock) {
  const main = new PrismaClient({ adapter: driver.factory() })
  return main.$extends(
    branchesWith(
      {
        url: (branch) => `file:/${branch}.db`,
        adapter: () => driver.factory(),
        client: (adapter) => new PrismaClient({ adapter }),
        ...options,
      },
      {},
      clock,
    ),
  )
}
