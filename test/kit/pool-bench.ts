import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ManagedAdapterFactory } from '../../src/adapter/managed-adapter.ts'
import { type SqlDriverAdapter, sql } from '../../src/driver/driver-adapter.ts'
import { type BranchEvent, BranchEvents } from '../../src/pools/events.ts'
import { Pools } from '../../src/pools/pools.ts'
import type { PoolStats } from '../../src/pools/stats.ts'
import { poolStats } from '../../src/pools/stats.ts'
import type { BranchesOptions } from '../../src/settings/options.ts'
import { resolveCapSettings, resolvePoolSettings } from '../../src/settings/settings.ts'
import { UnitOfWork } from '../../src/units/unit-of-work.ts'
import { GatedSqlite } from './gated-sqlite.ts'
import { ManualClock } from './manual-clock.ts'

/** A directory that is gone when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'prisma-branches-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A branch on the bench: its database, and the adapter that a PrismaClient would have. */
export interface BenchBranch {
  readonly database: GatedSqlite
  readonly adapter: SqlDriverAdapter
  select(text?: string): Promise<unknown>
}

/** Pools of SQLite files on a clock that the test moves. Without jitter, unless asked for. */
export function poolBench(options: Partial<BranchesOptions> = {}) {
  const clock = new ManualClock()
  const events = new BranchEvents()
  const settings = { ...resolvePoolSettings({ maxAgeJitter: 0, ...options }, {}), ...resolveCapSettings(options, {}) }
  const pools = new Pools(settings, clock, events)
  const directory = temporaryDirectory()
  const log: { event: BranchEvent; branch: string; detail: Record<string, unknown> }[] = []
  for (const event of ['opened', 'probed', 'retired', 'closed', 'drainTimedOut', 'closeFailed'] as const) {
    events.on(event, ({ branch, url, ...detail }) => log.push({ event, branch, detail }))
  }

  return {
    clock,
    events,
    pools,
    log,
    /** Of one kind of event: its branches and one detail, such as the reason. */
    happened: (event: BranchEvent, detail?: string) =>
      log.filter((entry) => entry.event === event).map((entry) => (detail ? entry.detail[detail] : entry.branch)),
    stats: (): PoolStats[] => poolStats(pools),
    states: () => poolStats(pools).map(({ branch, state }) => `${branch} ${state}`),
    unit: <T>(work: () => T | PromiseLike<T>) => new UnitOfWork(pools, undefined).run(work),
    /** @param provider a file of SQLite stands for a server's database, unless it is to be one of SQLite */
    async branch(
      name: string,
      url = `file:${join(directory, `${name}.db`)}`,
      provider: SqlDriverAdapter['provider'] = 'postgres',
    ): Promise<BenchBranch> {
      const database = new GatedSqlite(url, provider)
      const datasource = { key: url, label: url, branch: name, connect: () => database.connect() }
      // Connecting opens a pool, which the test wants to do itself: it starts with none.
      const adapter = await new ManagedAdapterFactory(database, datasource, pools).connect()
      await pools.close('closed', ({ key }) => key === url)
      await clock.settle()
      database.opened = database.disposed = 0
      database.log.length = log.length = 0
      return { database, adapter, select: (text = 'SELECT 1 AS one') => adapter.queryRaw(sql(text)) }
    },
  }
}
