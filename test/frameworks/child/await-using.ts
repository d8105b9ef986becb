import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../../../generated/postgres/client.ts'
import { branches } from '../../../src/index.ts'
import { schemaAdapter, schemaUrl } from '../../../src/postgres.ts'

// A script: it reads main and two branches, prints what it read, and comes to its end. A connection that is idle stays.

const connectionString = process.env.DATABASE_URL ?? ''

await using prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString, idleTimeoutMillis: 0 }) }).$extends(
  branches({
    url: (branch) => schemaUrl(connectionString, `branch_${branch}`),
    adapter: schemaAdapter(PrismaPg, { idleTimeoutMillis: 0 }),
    client: (adapter) => new PrismaClient({ adapter }),
    maxAge: Infinity,
  }),
)

const names: (string | null)[] = []
for (const branch of [undefined, 'a', 'b']) {
  await prisma.$withBranch(branch, async () => {
    const { name } = await prisma.user.findFirstOrThrow()
    names.push(name)
  })
}
console.log(`read ${names.join(' ')}`)
