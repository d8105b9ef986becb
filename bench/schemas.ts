import { readFileSync } from 'node:fs'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../generated/postgres/client.ts'
import { schemaAdapter, schemaUrl } from '../src/postgres.ts'
import type { PostgresDatabase } from '../test/kit/postgres-database.ts'
import type { Database } from './contenders.ts'

const migration = readFileSync('prisma/migration.sql', 'utf8')

/** Schemas of one query: its locks have to fit into the server's memory. */
const AT_ONCE = 50

/** The schemas `branch_0` and so on, with their tables. */
export async function createSchemas(server: PostgresDatabase, count: number): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE) {
    const schemas = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, i) => `branch_${first + i}`)
    const script = schemas.map((schema) => `CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${migration}`)
    await server.query(`${script.join(';\n')}; RESET search_path`)
    if ((first + AT_ONCE) % 500 === 0) console.log(`${first + AT_ONCE} schemas`)
  }
}

/** A schema for each branch. */
export function schemas(server: PostgresDatabase, poolSize: number): Database<PrismaClient> {
  return {
    url: (branch) => schemaUrl(server.url, `branch_${branch}`),
    adapter: schemaAdapter(PrismaPg, { max: poolSize }),
    client: (adapter) => new PrismaClient({ adapter }),
  }
}
