import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/sqlite/client.ts'
import { branchesWith } from '../../src/extension/branches.ts'
import { type Clock, systemClock } from '../../src/pools/clock.ts'
import type { BranchesOptions } from '../../src/settings/options.ts'
import { PATIENT_POOLS, PATIENT_TRANSACTIONS } from './patience.ts'
import { temporaryDirectory } from './pool-bench.ts'

const migration = readFileSync('prisma/sqlite/migration.sql', 'utf8')

/** The URL of a SQLite file with the tables of `prisma/` and one user, named after it. */
export async function sqliteFile(directory: string, name: string): Promise<string> {
  const url = `file:${join(directory, `${name}.db`)}`
  const adapter = await new PrismaLibSql({ url }).connect()
  await adapter.executeScript(migration)
  await adapter.executeScript(`INSERT INTO "User" ("email") VALUES ('${name}@example.com')`)
  await adapter.dispose()
  return url
}

/** A client of a SQLite file with the extension, and branches `a`, `b` and `c`, a file each. */
export async function sqliteBranches(options: Partial<BranchesOptions> = {}, clock: Clock = systemClock) {
  const directory = temporaryDirectory()
  const urls = new Map<string, string>()
  for (const name of ['main', 'a', 'b', 'c']) urls.set(name, await sqliteFile(directory, name))
  const made: string[] = []
  const adapter = new PrismaLibSql({ url: urls.get('main') as string })
  const main = new PrismaClient({ ...PATIENT_TRANSACTIONS, adapter })
  const prisma = main.$extends(
    branchesWith(
      {
        maxAge: Infinity,
        ...PATIENT_POOLS,
        url: (branch) => (branch === 'main' ? undefined : urls.get(branch)),
        // Called once for each client that is made.
        adapter: (url) => {
          made.push([...urls].find(([, known]) => known === url)?.[0] ?? url)
          return new PrismaLibSql({ url })
        },
        client: (adapter) => new PrismaClient({ ...PATIENT_TRANSACTIONS, adapter }),
        ...options,
      },
      {},
      clock,
    ),
  )
  onTestFinished(() => prisma.$disconnect())
  return { prisma, urls, directory, made }
}

/** Whose database this is: the name in the one user's address. */
export async function whose(client: { user: { findFirstOrThrow(): PromiseLike<{ email: string }> } }): Promise<string> {
  const { email } = await client.user.findFirstOrThrow()
  return email.replace('@example.com', '')
}
