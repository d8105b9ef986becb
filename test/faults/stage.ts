import { afterAll, beforeAll } from 'vitest'
import { createBranch, migrate } from '../kit/branches.ts'
import { type PostgresServer, startPostgres } from '../kit/embedded-postgres.ts'
import { PostgresDatabase } from '../kit/postgres-database.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'

export const BRANCHES: readonly string[] = ['a', 'b', 'c', 'd']

/** A server of its own for the faults of one file, and a proxy before it. */
export interface Stage {
  readonly server: PostgresServer
  readonly proxy: TcpProxy
  /** A database with the branches, as its administrator sees it, past the proxy. */
  newDatabase(): Promise<PostgresDatabase>
}

/** @returns the stage, once the tests run */
export function faultStage(maxConnections = 100): () => Stage {
  let stage: Stage
  beforeAll(async () => {
    const server = await startPostgres(maxConnections)
    const proxy = await TcpProxy.listen({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
    let databases = 0
    const newDatabase = async () => {
      const name = `fault_${++databases}`
      await server.query(`CREATE DATABASE ${name}`)
      const url = new URL(server.url)
      url.pathname = `/${name}`
      const database = new PostgresDatabase(url.href)
      await migrate(database)
      for (const branch of BRANCHES) await createMarkedBranch(database, branch)
      return database
    }
    stage = { server, proxy, newDatabase }
  })
  afterAll(async () => {
    await stage?.proxy.close()
    await stage?.server.stop()
  })
  return () => stage
}

/** A branch with one user, named after it. */
export async function createMarkedBranch(database: PostgresDatabase, branch: string): Promise<void> {
  const schema = await createBranch(database, branch)
  await database.query(`INSERT INTO "${schema}"."User" (email) VALUES ('${branch}@example.com')`)
}
