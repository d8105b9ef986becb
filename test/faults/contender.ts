import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { branchesWith } from '../../src/extension/branches.ts'
import { systemClock } from '../../src/pools/clock.ts'
import type { RetireReason } from '../../src/pools/events.ts'
import type { PoolStats } from '../../src/pools/stats.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'
import type { BranchesOptions } from '../../src/settings/options.ts'
import { MAIN } from '../kit/isolation-record.ts'
import type { IsolationClient, IsolationSite } from '../kit/isolation-work.ts'
import type { WorkClient } from '../kit/mixed-work.ts'
import { CountingClock } from './counting-clock.ts'
import { CONNECT_TIMEOUT, HUNG } from './slack.ts'

/** Connections of one pool. */
export const POOL_SIZE = 5

/** And of the main client, which is no pool of the extension's. */
export const MAIN_POOL_SIZE = 1

/** A driver that waits for ever to be connected is a fault of its own. */
const DRIVER = { max: POOL_SIZE, connectionTimeoutMillis: CONNECT_TIMEOUT }

/** Waits longer for a transaction to start than the driver waits for a connection, so that it is the driver's error. */
const CLIENT = { transactionOptions: { maxWait: HUNG, timeout: HUNG } }

/** Something that reaches the branches of a database. */
export interface Contender {
  readonly name: string
  /** Runs a piece of work on a branch, as a request would. */
  run(branch: string, work: (client: WorkClient) => Promise<void>): Promise<void>
  close(): Promise<void>
}

export interface ExtensionContender extends Contender {
  readonly clock: CountingClock
  readonly site: Omit<IsolationSite, 'branches'>
  readonly probes: { ok: boolean; took: number }[]
  readonly retired: RetireReason[]
  stats(): PoolStats[]
  closeBranch(branch: string): Promise<void>
}

/** The extension: one piece of work is a unit of work, the next uses the branch's client by itself. */
export function extensionContender(
  baseUrl: () => string,
  options: Partial<BranchesOptions>,
  clock = new CountingClock(systemClock),
): ExtensionContender {
  const connection = { connectionString: baseUrl(), ...DRIVER, max: MAIN_POOL_SIZE }
  const main = new PrismaClient({ ...CLIENT, adapter: new PrismaPg(connection) })
  const prisma = main.$extends(
    branchesWith(
      {
        url: (name) => schemaUrl(baseUrl(), `branch_${name}`),
        adapter: schemaAdapter(PrismaPg, DRIVER),
        client: (adapter) => new PrismaClient({ ...CLIENT, adapter }),
        ...options,
      },
      {},
      clock,
    ),
  )
  const probes: ExtensionContender['probes'] = []
  prisma.$branches.on('probed', (probe) => probes.push(probe))
  const retired: RetireReason[] = []
  prisma.$branches.on('retired', ({ reason }) => retired.push(reason))
  const named = (branch: string) => (branch === MAIN ? undefined : branch)
  let turn = 0
  return {
    name: 'extension',
    site: {
      prisma: prisma as unknown as IsolationClient,
      unit: (branch, work) => prisma.$withBranch(named(branch), work),
      handle: (branch) => prisma.$branch(named(branch)) as unknown as IsolationClient,
      quote: (identifier) => `"${identifier}"`,
    },
    clock,
    probes,
    retired,
    run: (branch, work) =>
      turn++ % 2 === 0
        ? prisma.$withBranch(branch, () => work(prisma as unknown as WorkClient))
        : work(prisma.$branch(branch) as unknown as WorkClient),
    stats: () => prisma.$branches.stats(),
    closeBranch: (branch) => prisma.$branches.close(branch),
    close: () => prisma.$disconnect(),
  }
}

/** What people write by hand: a client for each branch, kept. */
export function mapContender(baseUrl: () => string): Contender {
  const clients = new Map<string, PrismaClient>()
  const adapterOf = schemaAdapter(PrismaPg, DRIVER)
  const clientOf = (branch: string) => {
    let client = clients.get(branch)
    if (client === undefined) {
      client = new PrismaClient({ ...CLIENT, adapter: adapterOf(schemaUrl(baseUrl(), `branch_${branch}`)) })
      clients.set(branch, client)
    }
    return client
  }
  return {
    name: 'Map',
    run: (branch, work) => work(clientOf(branch)),
    async close() {
      await Promise.all([...clients.values()].map((client) => client.$disconnect()))
    },
  }
}
