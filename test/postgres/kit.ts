import { PrismaPg } from '@prisma/adapter-pg'
import { inject, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { branchesWith } from '../../src/extension/branches.ts'
import { type Clock, systemClock } from '../../src/pools/clock.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'
import type { BranchesOptions } from '../../src/settings/options.ts'
import { createBranch, migrate } from '../kit/branches.ts'
import { PATIENCE, PATIENT_POOLS, PATIENT_TRANSACTIONS } from '../kit/patience.ts'
import { PostgresDatabase } from '../kit/postgres-database.ts'

/** Connections of one pool: enough for work side by side on one branch. */
const POOL_SIZE = 5

let databases = 0

/** A database of the test's own on the server that the project shares. */
export async function testDatabase(): Promise<PostgresDatabase> {
  const url = new URL(inject('postgresUrl'))
  const server = new PostgresDatabase(url.href)
  const name = `test_${process.pid}_${++databases}`
  await server.query(`CREATE DATABASE ${name}`)
  url.pathname = `/${name}`
  const database = new PostgresDatabase(url.href)
  onTestFinished(async () => {
    await database.disconnect()
    await server.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await server.disconnect()
  })
  return database
}

/** Where models of `prisma/multischema` live in main, and the table of one of them in a branch, `branch_a`. */
export async function multischemaDatabase(): Promise<PostgresDatabase> {
  const database = await testDatabase()
  await database.query(`
    CREATE SCHEMA branch_a; CREATE SCHEMA "Shared data"; CREATE SCHEMA types;
    CREATE TYPE "Shared data"."Level" AS ENUM ('LOW', 'HIGH');
    CREATE TYPE types."Colour" AS ENUM ('RED', 'BLUE');
    CREATE TABLE public."Item" (id serial PRIMARY KEY, name text UNIQUE NOT NULL, colour types."Colour");
    CREATE TABLE branch_a."Item" (LIKE public."Item" INCLUDING ALL);
    CREATE TABLE "Shared data".parts (id serial PRIMARY KEY, level "Shared data"."Level" NOT NULL, "itemId" int NOT NULL)`)
  return database
}

/** A client of the database with the extension, and a schema with one user, named after it, for each branch. */
export async function postgresBranches(
  names: string[],
  options: Partial<BranchesOptions> = {},
  given?: PostgresDatabase,
  clock: Clock = systemClock,
) {
  const database = given ?? (await testDatabase())
  await migrate(database)
  await database.query(`INSERT INTO public."User" (email) VALUES ('main@example.com')`)
  for (const name of names) {
    const schema = await createBranch(database, name)
    await database.query(`INSERT INTO "${schema}"."User" (email) VALUES ('${name}@example.com')`)
  }
  const main = new PrismaClient({
    ...PATIENT_TRANSACTIONS,
    adapter: new PrismaPg({ connectionString: database.url, max: POOL_SIZE }),
  })
  const prisma = main.$extends(
    branchesWith(
      {
        url: (name) => schemaUrl(database.url, `branch_${name}`),
        adapter: schemaAdapter(PrismaPg, { max: POOL_SIZE }),
        client: (adapter) => new PrismaClient({ ...PATIENT_TRANSACTIONS, adapter }),
        maxAge: Infinity,
        ...PATIENT_POOLS,
        ...options,
      },
      {},
      clock,
    ),
  )
  onTestFinished(() => prisma.$disconnect())
  return { prisma, database }
}

/** Whose schema this is: the name in the address of its first user. */
export async function whose(client: { user: { findFirstOrThrow(args: object): PromiseLike<{ email: string }> } }) {
  const { email } = await client.user.findFirstOrThrow({ orderBy: { id: 'asc' } })
  return email.replace('@example.com', '')
}

/** Until the server has noticed that its clients are gone, which it does a moment after them. */
export async function connectionsSettle(database: PostgresDatabase, expected: number): Promise<number> {
  const deadline = performance.now() + PATIENCE
  for (;;) {
    const connections = await database.connections()
    if (connections === expected || performance.now() > deadline) return connections
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
