import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { findProgram, freePort, removeDirectory, ServerProcess, serverDirectory } from './server-program.ts'

const HINT = 'PgBouncer is not on this machine: apt-get install pgbouncer'

export interface PgBouncerConfig {
  /** Entries of that section: a connection string for each name, to which the server's address is added. */
  databases?: Record<string, string>
  /** Settings of that section, such as `max_db_connections`. */
  pgbouncer?: Record<string, string | number>
  /** Who may log in besides the server's administrator, with the same password as that. */
  users?: string[]
}

const CONSOLE_USER = 'console'

/** A PgBouncer in transaction mode before a PostgreSQL server, on a free port of the loopback interface. */
export class PgBouncer {
  readonly #directory: string
  readonly #process: ServerProcess
  readonly #console: pg.Client
  readonly #server: URL
  readonly #port: number

  private constructor(directory: string, process: ServerProcess, console: pg.Client, server: URL, port: number) {
    this.#directory = directory
    this.#process = process
    this.#console = console
    this.#server = server
    this.#port = port
  }

  /**
   * @param server URL of the PostgreSQL server, as its administrator
   * @throws {ServerMissingError}
   */
  static async start(server: string, config: PgBouncerConfig = {}): Promise<PgBouncer> {
    const command = findProgram('pgbouncer', HINT)
    const directory = serverDirectory('branches-pgbouncer')
    try {
      const port = await freePort()
      const url = new URL(server)
      const file = join(directory, 'pgbouncer.ini')
      const userFile = join(directory, 'users.txt')
      writeFileSync(file, configuration(url, port, userFile, config))
      const users = [CONSOLE_USER, url.username, ...(config.users ?? [])]
      writeFileSync(userFile, users.map((user) => `"${user}" "${url.password}"\n`).join(''))
      const console = { host: '127.0.0.1', port, user: CONSOLE_USER, password: url.password, database: 'pgbouncer' }
      let client: pg.Client | undefined
      const process = await ServerProcess.start(command, [file], async () => {
        client = new pg.Client(console)
        client.on('error', () => {})
        await client.connect()
      })
      return new PgBouncer(directory, process, client as pg.Client, url, port)
    } catch (error) {
      await removeDirectory(directory)
      throw error
    }
  }

  /** The URL of a database of the server, through the pooler. */
  url(database: string, user?: string): string {
    const url = new URL(this.#server)
    url.port = `${this.#port}`
    url.pathname = `/${database}`
    if (user !== undefined) url.username = user
    return url.href
  }

  /** A command of its console, such as `SHOW POOLS`. */
  async console<Row extends pg.QueryResultRow>(command: string): Promise<Row[]> {
    return (await this.#console.query<Row>(command)).rows
  }

  get log(): string {
    return this.#process.output
  }

  async stop(): Promise<void> {
    await this.#console.end()
    // At once: SIGINT would wait for the clients.
    await this.#process.stop('SIGTERM')
    await removeDirectory(this.#directory)
  }
}

function configuration(server: URL, port: number, userFile: string, config: PgBouncerConfig): string {
  const address = `host=${server.hostname} port=${server.port}`
  const entries = Object.entries({ ...config.databases, '*': '' })
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'plain',
    auth_file: userFile,
    admin_users: CONSOLE_USER,
    pool_mode: 'transaction',
    max_client_conn: 1_000,
    ...config.pgbouncer,
  }
  return [
    '[databases]',
    ...entries.map(([name, value]) => `${name} = ${address} ${value}`),
    '[pgbouncer]',
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n')
}
