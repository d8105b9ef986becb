import { ManagedAdapterFactory } from '../src/adapter/managed-adapter.ts'
import type { SqlDriverAdapter } from '../src/driver/driver-adapter.ts'
import type { Clock } from '../src/pools/clock.ts'
import type { Datasource } from '../src/pools/datasource.ts'
import { BranchEvents } from '../src/pools/events.ts'
import { Pools } from '../src/pools/pools.ts'
import type { PoolOptions } from '../src/settings/options.ts'
import { resolveCapSettings, resolvePoolSettings } from '../src/settings/settings.ts'
import { FakeDriver } from '../test/leaks/kit/fake-driver.ts'

/** A branch whose pool is open. */
export interface FakeBranch {
  readonly datasource: Datasource
  /** What a PrismaClient of the branch would be given. */
  readonly managed: SqlDriverAdapter
}

/** Pools of databases that answer at once, so that what is measured is the library. */
export class FakePools {
  readonly driver = new FakeDriver()
  readonly pools: Pools

  constructor(options: PoolOptions, clock: Clock) {
    const settings = { ...resolvePoolSettings(options, {}), ...resolveCapSettings({ maxClients: Infinity }, {}) }
    this.pools = new Pools(settings, clock, new BranchEvents())
  }

  async open(name: string): Promise<FakeBranch> {
    const factory = this.driver.factory()
    const datasource = { key: name, label: name, branch: name, connect: () => factory.connect() }
    // Prisma's adapters are asked about the connection when they are made: that opens the pool.
    return { datasource, managed: await new ManagedAdapterFactory(factory, datasource, this.pools).connect() }
  }

  async openMany(count: number): Promise<FakeBranch[]> {
    const branches: FakeBranch[] = []
    for (let i = 0; i < count; i++) branches.push(await this.open(`branch_${i}`))
    return branches
  }

  close(): Promise<void> {
    return this.pools.close('shutdown')
  }
}
