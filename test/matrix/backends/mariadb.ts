import { readFileSync } from 'node:fs'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { PrismaClient } from '../../../generated/mysql/client.ts'
import { selectMarks } from '../../kit/isolation-record.ts'
import { MariaDbServer } from '../../kit/mariadb-server.ts'
import { PATIENT_TRANSACTIONS } from '../../kit/patience.ts'
import type { Backend, Client, Databases } from '../backend.ts'

const migration = readFileSync('prisma/mysql/migration.sql', 'utf8')

/** The connector keeps this many open in each pool, used or not. */
const POOL_SIZE = 3

let count = 0

/** MariaDB with a database for each branch. */
export const mariaDb: Backend = {
  name: 'MariaDB, a database per branch',
  lacks: {},
  async start() {
    const server = await MariaDbServer.start()
    const databases = async (): Promise<Databases> => {
      const prefix = `test_${++count}`
      const names = new Set<string>()
      const nameOf = (branch: string) => `${prefix}_${branch}`
      const drop = async (branch: string) => {
        await server.query(`DROP DATABASE \`${nameOf(branch)}\``)
        names.delete(branch)
      }
      return {
        url: (branch) => server.url(nameOf(branch), POOL_SIZE),
        async create(branch) {
          await server.query(
            `CREATE DATABASE \`${nameOf(branch)}\`; USE \`${nameOf(branch)}\`; ${migration};
             INSERT INTO User (email) VALUES ('${branch}@example.com'); USE mysql`,
          )
          names.add(branch)
        },
        drop,
        async emails(branch) {
          const rows = await server.query(`SELECT email FROM \`${nameOf(branch)}\`.User ORDER BY id`)
          return rows.map(([email]) => String(email))
        },
        async marks(branch) {
          const rows = await server.query(selectMarks((model) => `\`${nameOf(branch)}\`.${model}`))
          return rows.map(([mark]) => String(mark))
        },
        connections: async () => (await server.connections()).length,
        cut: async () => void (await server.killAll()),
        slowInsert: (email) => `INSERT INTO User (email) SELECT '${email}' FROM (SELECT SLEEP(300)) AS slept`,
        async slowInserts() {
          const [row] = await server.query(
            "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'INSERT%SLEEP(300)%'",
          )
          return Number(row?.[0])
        },
        async remove() {
          for (const branch of names) await drop(branch)
        },
      }
    }
    return {
      poolSize: POOL_SIZE,
      quote: (identifier) => `\`${identifier}\``,
      client: (adapter) => new PrismaClient({ ...PATIENT_TRANSACTIONS, adapter }) as unknown as Client,
      adapter: (url) => new PrismaMariaDb(url),
      databases,
      stop: () => server.stop(),
    }
  },
}
