import { PrismaPg } from '@prisma/adapter-pg'
import { inject } from 'vitest'
import { PgBouncer } from '../../kit/pgbouncer.ts'
import { PostgresDatabase } from '../../kit/postgres-database.ts'
import type { Backend, Databases } from '../backend.ts'
import { Activity, POOL_SIZE, postgresDialect, slowInsert } from './postgres.ts'
import { branchDatabases } from './postgres-databases.ts'

/** Of all databases of the one user together: less than the rules have pools and branches. */
const SERVER_CONNECTIONS = 6

/**
 * PostgreSQL behind PgBouncer in transaction mode, with a database for each branch. The library's connections end at the
 * pooler, and are counted there.
 */
export const pgBouncer: Backend = {
  name: 'PostgreSQL behind PgBouncer, a database per branch',
  lacks: {},
  async start() {
    const server = new PostgresDatabase(inject('postgresUrl'))
    const pooler = await PgBouncer.start(server.url, {
      pgbouncer: {
        max_user_connections: SERVER_CONNECTIONS,
        // A database that is gone is an error only when both have passed. The defaults are 120 s and 15 s. The first is
        // also how long a client may wait for its turn, on a slow machine, too.
        query_wait_timeout: 10,
        server_login_retry: 1,
      },
    })
    const databases = async (): Promise<Databases> => {
      const branches = branchDatabases(server)
      const activity = new Activity(server, branches.names)
      return {
        ...branches,
        url: (branch) => pooler.url(branches.nameOf(branch)),
        async connections() {
          const names = branches.names()
          const clients = await pooler.console<{ database: string }>('SHOW CLIENTS')
          return clients.filter(({ database }) => names.includes(database)).length
        },
        async cut() {
          // Both halves: an idle client would not notice that the pooler lost its server, and the other way round.
          await activity.cut()
          for (const name of branches.names()) {
            // KILL refuses a database that nobody has asked for yet.
            const known = await pooler.console(`KILL "${name}"`).catch(() => undefined)
            if (known !== undefined) await pooler.console(`RESUME "${name}"`)
          }
        },
        slowInsert,
        slowInserts: () => activity.slowInserts(),
      }
    }
    const stop = async () => {
      await pooler.stop()
      await server.disconnect()
    }
    const adapter = (url: string) => new PrismaPg({ connectionString: url, max: POOL_SIZE })
    return { ...postgresDialect, adapter, databases, stop }
  },
}
