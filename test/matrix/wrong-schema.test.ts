import { PrismaPg } from '@prisma/adapter-pg'
import { expect, inject, it, onTestFinished, type TestContext } from 'vitest'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { branches } from '../../src/index.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'
import { createBranch } from '../kit/branches.ts'
import { PgBouncer } from '../kit/pgbouncer.ts'
import { PostgresDatabase } from '../kit/postgres-database.ts'
import { ServerMissingError } from '../kit/server-program.ts'

/** A pooler that drops what a client sets when it connects. */
async function forgetfulPooler({ task, skip }: TestContext, users: string[] = []): Promise<PgBouncer> {
  const config = { users, pgbouncer: { ignore_startup_parameters: 'options' } }
  const pooler = await PgBouncer.start(inject('postgresUrl'), config).catch((error: unknown) => {
    if (!(error instanceof ServerMissingError) || process.env.REQUIRE_SERVERS === '1') throw error
    task.meta.leftOut = error.message
    return skip(error.message)
  })
  onTestFinished(() => pooler.stop())
  return pooler
}

it('B4: behind a pooler that drops the search_path of schemaUrl, a branch is an error, not the rows of main', async (context) => {
  const pooler = await forgetfulPooler(context)
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

it('B4: a connection whose search_path comes from its role is in its branch, whatever the pooler drops', async (context) => {
  const pooler = await forgetfulPooler(context, ['role_of_r'])
  const server = new PostgresDatabase(inject('postgresUrl'))
  onTestFinished(() => server.disconnect())
  const { password } = new URL(server.url)
  await server.query('CREATE DATABASE roles')
  const database = new PostgresDatabase(Object.assign(new URL(server.url), { pathname: '/roles' }).href)
  onTestFinished(() => database.disconnect())
  const schema = await createBranch(database, 'r')
  await database.query(`
    INSERT INTO ${schema}."User" (email) VALUES ('r@example.com');
    CREATE ROLE role_of_r LOGIN PASSWORD '${password}';
    GRANT USAGE ON SCHEMA ${schema} TO role_of_r;
    GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO role_of_r;
    ALTER ROLE role_of_r SET search_path = ${schema}`)
  const url = schemaUrl(pooler.url('roles', 'role_of_r'), schema)
  const prisma = new PrismaClient({ adapter: schemaAdapter(PrismaPg)(url) })
  onTestFinished(() => prisma.$disconnect())
  expect(await prisma.$queryRaw`SELECT email FROM "User"`).toEqual([{ email: 'r@example.com' }])
})
