import { PrismaPg } from '@prisma/adapter-pg'
import { branches, persistentAdapter } from 'prisma-extension-branches'
import { schemaAdapter, schemaUrl } from 'prisma-extension-branches/postgres'
import { PrismaClient } from '../generated/postgres/client.ts'

const connectionString = process.env.DATABASE_URL
if (connectionString === undefined) throw new Error('DATABASE_URL must be set')

const main = new PrismaClient({ adapter: persistentAdapter(new PrismaPg({ connectionString, max: 2 })) })

/** The branches that there are. An application that makes branches while it runs keeps this up to date. */
export const branchNames = new Set(await findBranches())

export const prisma = main.$extends(
  branches({
    url: (branch) => (branchNames.has(branch) ? schemaUrl(connectionString, `branch_${branch}`) : undefined),
    adapter: schemaAdapter(PrismaPg, { max: 2 }),
    client: (adapter) => new PrismaClient({ adapter }),
  }),
)

async function findBranches(): Promise<string[]> {
  const schemas = await main.$queryRaw<{ name: string }[]>`
    SELECT nspname::text AS name FROM pg_namespace WHERE starts_with(nspname, 'branch_') ORDER BY nspname`
  return schemas.map(({ name }) => name.slice('branch_'.length))
}
