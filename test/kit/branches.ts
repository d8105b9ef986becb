import { readFileSync } from 'node:fs'
import type { PostgresServer } from './embedded-postgres.ts'

const migration = readFileSync('prisma/migration.sql', 'utf8')

/** Makes the tables of `prisma/` in a schema, which must exist. */
export async function migrate(server: PostgresServer, schema = 'public'): Promise<void> {
  await server.query(`SET search_path = ${quote(schema)}; ${migration}; RESET search_path`)
}

/** Makes the schema of a branch with its tables; returns its name. */
export async function createBranch(server: PostgresServer, branch: string): Promise<string> {
  const schema = `branch_${branch}`
  await server.query(`CREATE SCHEMA ${quote(schema)}`)
  await migrate(server, schema)
  return schema
}

export async function dropBranch(server: PostgresServer, branch: string): Promise<void> {
  await server.query(`DROP SCHEMA ${quote(`branch_${branch}`)} CASCADE`)
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}
