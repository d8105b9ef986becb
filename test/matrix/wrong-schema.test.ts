import { PrismaPg } from '@prisma/adapter-pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { branches } from '../../src/index.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'
import { PgBouncer } from '../kit/pgbouncer.ts'
import { ServerMissingError } from '../kit/server-program.ts'

it('B4: behind a pooler that drops the search_path of schemaUrl, a branch is an error, not the rows of main', async ({
  task,
  skip,
}) => {
  const config = { pgbouncer: { ignore_startup_parameters: 'options' } }
  const pooler = await PgBouncer.start(inject('postgresUrl'), config).catch((error: unknown) => {
    if (!(error instanceof ServerMissingError) || process.env.REQUIRE_SERVERS === '1') throw error
    task.meta.leftOut = error.message
    return skip(error.message)
  })
  onTestFinished(() => pooler.stop())
  const connectionString = pooler.url('postgres')
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) }).$extends(
    branches({
      url: (name) => schemaUrl(connectionString, `branch_${name}`),
      adapter: schemaAdapter(PrismaPg),
      client: (adapter) => new PrismaClient({ adapter }),
    }),
  )
  onTestFinished(() => prisma.$disconnect())
  const a = prisma.$branch('a')
  const attempts = [
    a.$queryRaw`SELECT email FROM "User"`,
    a.user.findMany(),
    a.$transaction((tx) => tx.user.findMany()),
    a.$transaction([a.user.count()]),
  ]
  for (const attempt of await Promise.allSettled(attempts)) {
    expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'BRANCH_WRONG_SCHEMA' } })
    expect(String((attempt as PromiseRejectedResult).reason)).toContain('should be "branch_a", but is "$user", public')
  }
})
