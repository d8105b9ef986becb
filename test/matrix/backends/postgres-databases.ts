import { PrismaPg } from '@prisma/adapter-pg'
import { inject } from 'vitest'
import { selectMarks } from '../../kit/isolation-record.ts'
import { PostgresDatabase } from '../../kit/postgres-database.ts'
import type { Backend, Databases } from '../backend.ts'
import { Activity, migration, POOL_SIZE, postgresDialect, queryOnce, slowInsert } from './postgres.ts'

let count = 0

/** A database of one test's own for each of its branches, made and asked without any pooler. */
export function branchDatabases(server: PostgresDatabase) {
  const prefix = `branch_${process.pid}_${++count}`
  const names = new Set<string>()
  const nameOf = (branch: string) => `${prefix}_${branch}`
  const url = (branch: string) => {
    const direct = new URL(server.url)
    direct.pathname = `/${nameOf(branch)}`
    return direct.href
  }
  const drop = async (branch: string) => {
    await server.query(`DROP DATABASE "${nameOf(branch)}" WITH (FORCE)`)
    names.delete(branch)
  }
  return {
    nameOf,
    url,
    /** Of the branches that exist. */
    names: () => [...names].map(nameOf),
    async create(branch: string) {
      await server.query(`CREATE DATABASE "${nameOf(branch)}"`)
      names.add(branch)
      await queryOnce(url(branch), `${migration}; INSERT INTO "User" (email) VALUES ('${branch}@example.com')`)
    },
    drop,
    async emails(branch: string) {
      const rows = await queryOnce<{ email: string }>(url(branch), 'SELECT email FROM "User" ORDER BY id')
      return rows.map(({ email }) => email)
    },
    async marks(branch: string) {
      const rows = await queryOnce<{ mark: string }>(
        url(branch),
        selectMarks((model) => `"${model}"`),
      )
      return rows.map(({ mark }) => mark)
    },
    /** They go with the server. To drop them one by one would take half of a test's time. */
    remove: async () => {},
  }
}

/** PostgreSQL with a database for each branch. */
export const postgresDatabases: Backend = {
  name: 'PostgreSQL, a database per branch',
  lacks: {},
  async start() {
    const server = new PostgresDatabase(inject('postgresUrl'))
    const databases = async (): Promise<Databases> => {
      const branches = branchDatabases(server)
      const activity = new Activity(server, branches.names)
      return {
        ...branches,
        connections: () => activity.connections(),
        cut: () => activity.cut(),
        slowInsert,
        slowInserts: () => activity.slowInserts(),
      }
    }
    const adapter = (url: string) => new PrismaPg({ connectionString: url, max: POOL_SIZE })
    return { ...postgresDialect, adapter, databases, stop: () => server.disconnect() }
  },
}
