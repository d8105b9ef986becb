import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../../generated/sqlite/client.ts'
import { branches } from '../../../src/index.ts'

// Leaves a pool open and ends without $disconnect.
const url = process.argv[2] as string
const adapter = () => new PrismaLibSql({ url })
const prisma = new PrismaClient({ adapter: adapter() }).$extends(
  branches({
    url: () => url,
    adapter,
    client: (managed) => new PrismaClient({ adapter: managed }),
    maxAge: 3_600_000,
    idleTimeout: 1_800_000,
  }),
)
await prisma.$branch('a').user.findMany()
console.log(prisma.$branches.stats()[0]?.state)
