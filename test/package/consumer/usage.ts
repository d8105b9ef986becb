import { PrismaPg } from '@prisma/adapter-pg'
import {
  BranchError,
  type BranchesOptions,
  branches,
  type PoolStats,
  persistentAdapter,
} from 'prisma-extension-branches'
import { schemaAdapter, schemaUrl } from 'prisma-extension-branches/postgres'
import { PrismaClient } from './generated/prisma/client.ts'

const connectionString = 'postgresql://localhost/app'
const options: BranchesOptions = {
  url: (branch) => schemaUrl(connectionString, `branch_${branch}`),
  adapter: schemaAdapter(PrismaPg),
  client: (adapter) => new PrismaClient({ adapter }),
}

export const prisma = new PrismaClient({
  adapter: persistentAdapter(new PrismaPg({ connectionString }), { maxAge: 60_000 }),
}).$extends(branches(options))

export async function titles(branch: string): Promise<string[]> {
  const posts = await prisma.$branch(branch).post.findMany({ select: { title: true } })
  return posts.map(({ title }) => title)
}

export const count: Promise<number> = prisma.$withBranch('b', () => prisma.user.count())
export const stats: PoolStats[] = prisma.$branches.stats()
export const isBusy = (error: unknown) => error instanceof BranchError && error.code === 'BRANCH_ACQUIRE_TIMEOUT'

// @ts-expect-error no such option: the package's types are there, and are not `any`
branches({ ...options, maxage: 60_000 })
