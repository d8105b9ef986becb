import { join } from 'node:path'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../../generated/sqlite/client.ts'
import { branches } from '../../../src/index.ts'

// Work that waits for nothing but the library's deadlines: SQLite has no socket that would keep the process alive.
const [directory, job] = process.argv.slice(2) as [string, string]
const connect = (maxClients: number) =>
  new PrismaClient({ adapter: new PrismaLibSql({ url: ':memory:' }) }).$extends(
    branches({
      url: (branch) => `file:${join(directory, `${branch}.db`)}`,
      adapter: (url) => new PrismaLibSql({ url }),
      client: (adapter) => new PrismaClient({ adapter }),
      maxAge: 3_600_000,
      maxClients,
      acquireTimeout: 400,
      drainTimeout: 400,
    }),
  )

const say = (error: unknown) => console.log((error as { code?: string }).code)

async function migrate(prisma: ReturnType<typeof connect>) {
  const names = Array.from({ length: 26 }, (_, i) => `b${i}`)
  for (const name of names) await prisma.$branch(name).$executeRawUnsafe('CREATE TABLE t (x)')
  console.log(`${names.length} migrated`)
}

const jobs: Record<string, () => Promise<unknown>> = {
  'one after the other': () => migrate(connect(20)),
  async 'in a unit of work'() {
    const prisma = connect(20)
    await prisma.$withBranch(undefined, () => migrate(prisma))
  },
  async 'room that never comes'() {
    const prisma = connect(1)
    await prisma.$branch('a').$executeRawUnsafe('CREATE TABLE t (x)')
    await prisma.$branch('a').$transaction(async (tx) => {
      await tx.$executeRawUnsafe('INSERT INTO t VALUES (1)')
      await prisma.$branch('b').$executeRawUnsafe('CREATE TABLE t (x)').catch(say)
    })
  },
  async 'a close that waits for a transaction'() {
    const prisma = connect(20)
    await prisma.$branch('a').$executeRawUnsafe('CREATE TABLE t (x)')
    await prisma
      .$branch('a')
      .$transaction(async (tx) => {
        await prisma.$branches.close('a')
        await tx.$executeRawUnsafe('INSERT INTO t VALUES (1)')
      })
      .catch(say)
  },
}

await jobs[job]?.()
console.log('done')
