import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { PrismaClient } from '../../../generated/postgres/client.ts'
import type { SqlDriverAdapterFactory } from '../../../src/driver/driver-adapter.ts'
import { PATIENT_TRANSACTIONS } from '../../kit/patience.ts'
import { PostgresDatabase } from '../../kit/postgres-database.ts'
import type { BackendServer, Client } from '../backend.ts'

export const migration = readFileSync('prisma/migration.sql', 'utf8')

export const POOL_SIZE = 3

/** What all ways to keep branches in PostgreSQL have in common. */
export const postgresDialect: Pick<BackendServer, 'poolSize' | 'quote' | 'client'> = {
  poolSize: POOL_SIZE,
  quote: (identifier) => `"${identifier}"`,
  client: (adapter: SqlDriverAdapterFactory) =>
    new PrismaClient({ ...PATIENT_TRANSACTIONS, adapter }) as unknown as Client,
}

export const slowInsert = (email: string) => `INSERT INTO "User" (email) SELECT '${email}' FROM pg_sleep(300)`

/** The connections of some databases of a server, as its administrator sees them. */
export class Activity {
  readonly #server: PostgresDatabase
  readonly #databases: () => string[]

  constructor(server: PostgresDatabase, databases: () => string[]) {
    this.#server = server
    this.#databases = databases
  }

  connections(): Promise<number> {
    return this.#count('count(*)')
  }

  /** Resolves when the server has none of them any more. */
  async cut(): Promise<void> {
    const ended = await this.#rows<{ pid: number }>('pid, pg_terminate_backend(pid)')
    const pids = ended.map(({ pid }) => pid)
    while ((await this.#rows<{ pid: number }>('pid')).some(({ pid }) => pids.includes(pid))) await delay(5)
  }

  slowInserts(): Promise<number> {
    return this.#count(`count(*) FILTER (WHERE state = 'active' AND query LIKE '%pg_sleep(300)%')`)
  }

  async #count(what: string): Promise<number> {
    const [row] = await this.#rows<{ count: string }>(`${what} AS count`)
    return Number(row?.count)
  }

  #rows<Row extends Record<string, unknown>>(what: string): Promise<Row[]> {
    return this.#server.query<Row>(
      `SELECT ${what} FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND datname = ANY($1) AND pid <> pg_backend_pid()`,
      [this.#databases()],
    )
  }
}

/** Asks a database once, over a connection that is gone afterwards. */
export async function queryOnce<Row extends Record<string, unknown>>(url: string, text: string): Promise<Row[]> {
  const database = new PostgresDatabase(url)
  try {
    return await database.query<Row>(text)
  } finally {
    await database.disconnect()
  }
}
