import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { branches, persistentAdapter } from '../../src/index.ts'
import { MAX_CLIENTS, POOL_SIZE } from './scale.ts'
import { branchUrl } from './tenants.ts'

/**
 * How long a unit of work may wait for its turn, under `maxClients` and at the pooler: a transaction gives up after 2 s
 * otherwise. Long, so that a slow machine is no reason to fail.
 */
const PATIENCE = 20_000

/** The client of one process. With or without a pooler it is the same. */
export function connect(url: string) {
  const main = persistentAdapter(new PrismaPg({ connectionString: url, max: 1 }))
  return new PrismaClient({ adapter: main }).$extends(
    branches({
      url: (branch) => branchUrl(url, branch),
      // Without schemaAdapter: it would send the search_path, which a pooler refuses, and the role brings already.
      adapter: (connectionString) => {
        const schema = new URL(connectionString).searchParams.get('schema') as string
        return new PrismaPg({ connectionString, max: POOL_SIZE }, { schema })
      },
      client: (adapter) => new PrismaClient({ adapter, transactionOptions: { maxWait: PATIENCE, timeout: PATIENCE } }),
      maxAge: 10_000,
      healthChecks: true,
      maxClients: MAX_CLIENTS,
      acquireTimeout: PATIENCE,
    }),
  )
}

export type FleetClient = ReturnType<typeof connect>
