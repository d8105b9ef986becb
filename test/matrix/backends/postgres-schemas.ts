import { PrismaPg } from '@prisma/adapter-pg'
import { inject } from 'vitest'
import { schemaAdapter, schemaUrl } from '../../../src/postgres.ts'
import { createBranch, dropBranch } from '../../kit/branches.ts'
import { selectMarks } from '../../kit/isolation-record.ts'
import { PostgresDatabase } from '../../kit/postgres-database.ts'
import type { Backend, Databases } from '../backend.ts'
import { Activity, migration, POOL_SIZE, postgresDialect, slowInsert } from './postgres.ts'

let count = 0

/** PostgreSQL with a schema for each branch, and `public` for the main client. */
export const postgresSchemas: Backend = {
  name: 'PostgreSQL, a schema per branch',
  lacks: {},
  async start() {
    const server = new PostgresDatabase(inject('postgresUrl'))
    const databases = async (): Promise<Databases> => {
      const name = `schemas_${process.pid}_${++count}`
      await server.query(`CREATE DATABASE ${name}`)
      const url = new URL(server.url)
      url.pathname = `/${name}`
      const database = new PostgresDatabase(url.href)
      const activity = new Activity(database, () => [name])
      const schemaOf = (branch: string) => (branch === 'main' ? 'public' : `branch_${branch}`)
      return {
        url: (branch) => schemaUrl(url.href, schemaOf(branch)),
        async create(branch) {
          if (branch === 'main') await database.query(migration)
          else await createBranch(database, branch)
          await database.query(`INSERT INTO "${schemaOf(branch)}"."User" (email) VALUES ('${branch}@example.com')`)
        },
        drop: (branch) => dropBranch(database, branch),
        async emails(branch) {
          const rows = await database.query<{ email: string }>(
            `SELECT email FROM "${schemaOf(branch)}"."User" ORDER BY id`,
          )
          return rows.map(({ email }) => email)
        },
        async marks(branch) {
          const rows = await database.query<{ mark: string }>(
            selectMarks((model) => `"${schemaOf(branch)}"."${model}"`),
          )
          return rows.map(({ mark }) => mark)
        },
        connections: () => activity.connections(),
        cut: () => activity.cut(),
        slowInsert,
        slowInserts: () => activity.slowInserts(),
        async remove() {
          await database.disconnect()
          await server.query(`DROP DATABASE ${name} WITH (FORCE)`)
        },
      }
    }
    const adapter = schemaAdapter(PrismaPg, { max: POOL_SIZE })
    return { ...postgresDialect, adapter, databases, stop: () => server.disconnect() }
  },
}
