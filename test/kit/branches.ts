import { readFileSync } from 'node:fs'
import type { PostgresDatabase } from './postgres-database.ts'

const migration = readFileSync('prisma/migration.sql', 'utf8')

/** Makes the tables of `prisma/` in a schema, which must exist. */
export async function migrate(database: PostgresDatabase, schema = 'public'): Promise<void> {
  await database.query(`SET search_path = ${quote(schema)}; ${migration}; RESET search_path`)
}

/** Makes the schema of a branch with its tables; returns its name. */
export async function createBranch(database: PostgresDatabase, branch: string): Promise<string> {
  const schema = `branch_${branch}`
  await database.query(`CREATE SCHEMA ${quote(schema)}`)
  await migrate(database, schema)
  return schema
}

export async function dropBranch(database: PostgresDatabase, branch: string): Promise<void> {
  await database.query(`DROP SCHEMA ${quote(`branch_${branch}`)} CASCADE`)
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}
