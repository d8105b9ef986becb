import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../generated/postgres/client.ts'
import { branches, type PoolOptions, persistentAdapter } from '../src/index.ts'
import { schemaAdapter, schemaUrl } from '../src/postgres.ts'
import { MAX_CLIENTS, PATIENCE, POOL_SIZE } from './scale.ts'

export function branchUrl(connectionString: string, branch: string): string {
  return schemaUrl(connectionString, `branch_${branch}`)
}

/**
 * The driver adapter of a branch, the same in all acts. Its connections are kept until the client is disconnected:
 * node-postgres would close those that are idle for 10 s, so that how many there are would depend on how fast the machine
 * comes round.
 */
const branchAdapter = schemaAdapter(PrismaPg, { max: POOL_SIZE, idleTimeoutMillis: 0 })

type Adapter = NonNullable<ConstructorParameters<typeof PrismaClient>[0]['adapter']>

function createClient(adapter: Adapter): PrismaClient {
  return new PrismaClient({ adapter, transactionOptions: { maxWait: PATIENCE, timeout: PATIENCE } })
}

/** A client for one branch, without the extension. */
export function connectBranch(connectionString: string, branch: string): PrismaClient {
  return createClient(branchAdapter(branchUrl(connectionString, branch)))
}

/** A client for all branches, with the extension. */
export function connectBranches(connectionString: string, options: PoolOptions) {
  return new PrismaClient({ adapter: persistentAdapter(new PrismaPg({ connectionString, max: 1 })) }).$extends(
    branches({
      url: (branch) => branchUrl(connectionString, branch),
      adapter: branchAdapter,
      client: createClient,
      maxClients: MAX_CLIENTS,
      acquireTimeout: PATIENCE,
      probeTimeout: PATIENCE,
      drainTimeout: PATIENCE,
      ...options,
    }),
  )
}
