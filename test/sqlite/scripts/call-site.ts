import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../../generated/sqlite/client.ts'
import { branches } from '../../../src/index.ts'

// Prints what Prisma says of a bad query: it quotes the line that made it.
const adapter = () => new PrismaLibSql({ url: ':memory:' })
const bare = new PrismaClient({ adapter: adapter() })
const prisma = new PrismaClient({ adapter: adapter() }).$extends(
  branches({ url: () => ':memory:', adapter, client: (managed) => new PrismaClient({ adapter: managed }) }),
)
const bad = { where: { nothing: 1 } } as never
await bare.user.findMany(bad).catch((error: unknown) => console.log(String(error)))
await prisma.user.findMany(bad).catch((error: unknown) => console.log(String(error)))
await prisma
  .$branch('a')
  .user.findMany(bad)
  .catch((error: unknown) => console.log(String(error)))
