import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { branches, persistentAdapter } from '../../src/index.ts'
import { MAX_CLIENTS, PATIENCE, POOL_SIZE } from './scale.ts'
import { branchUrl } from './tenants.ts'

/**
 * The client of one process. With or without a pooler it is the same. Its connections are closed by nobody but the library:
 * one that is left keeps the process alive.
 */
export function connect(url: string) {
  const main = persistentAdapter(new PrismaPg({ connectionString: url, max: 1, idleTimeoutMillis: 0 }))
  return new PrismaClient({ adapter: main }).$extends(
    branches({
      url: (branch) => branchUrl(url, branch),
      // Without schemaAdapter: it would send the search_path, which a pooler refuses, and the role brings already.
      adapter: (connectionString) => {
        const schema = new URL(connectionString).searchParams.get('schema') as string
        return new PrismaPg({ connectionString, max: POOL_SIZE, idleTimeoutMillis: 0 }, { schema })
      },
      client: (adapter) => new PrismaClient({ adapter, transactionOptions: { maxWait: PATIENCE, timeout: PATIENCE } }),
      maxAge: 10_000,
      healthChecks: true,
      maxClients: MAX_CLIENTS,
      acquireTimeout: PATIENCE,
      probeTimeout: PATIENCE,
      drainTimeout: PATIENCE,
    }),
  )
}

export type FleetClient = ReturnType<typeof connect>
