import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../generated/postgres/client.ts'
import { branches, type PoolOptions, persistentAdapter } from '../src/index.ts'
import { schemaAdapter, schemaUrl } from '../src/postgres.ts'
import { MAX_CLIENTS, POOL_SIZE } from './scale.ts'

export function branchUrl(connectionString: string, branch: string): string {
  return schemaUrl(connectionString, `branch_${branch}`)
}

/** The driver adapter of a branch, the same in all acts. */
export const branchAdapter = schemaAdapter(PrismaPg, { max: POOL_SIZE })

/** A client for all branches, with the extension. */
export function connectBranches(connectionString: string, options: PoolOptions) {
  return new PrismaClient({ adapter: persistentAdapter(new PrismaPg({ connectionString, max: 1 })) }).$extends(
    branches({
      url: (branch) => branchUrl(connectionString, branch),
      adapter: branchAdapter,
      client: (adapter) => new PrismaClient({ adapter }),
      maxClients: MAX_CLIENTS,
      ...options,
    }),
  )
}
