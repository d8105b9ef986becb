import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { type SqlDriverAdapter, sql } from '../../src/driver/driver-adapter.ts'
import { PATIENCE } from './patience.ts'
import { findProgram, freePort, removeDirectory, runProgram, ServerProcess, serverDirectory } from './server-program.ts'

const HINT = 'MariaDB is not on this machine: apt-get install mariadb-server'

const USER = 'app'
const ADMINISTRATOR = 'administrator'
const PASSWORD = 'embedded-secret'
/**
 * How long a pool waits for a connection before it gives up: for a server or database that is gone, and for its turn on a
 * slow machine.
 */
const ACQUIRE_TIMEOUT = 10_000

/** A MariaDB with a data directory of its own on a free port of the loopback interface. */
export class MariaDbServer {
  readonly #directory: string
  readonly #port: number
  readonly #maxConnections: number
  #process: ServerProcess | undefined
  #administrator: Promise<SqlDriverAdapter> | undefined

  private constructor(directory: string, port: number, maxConnections: number) {
    this.#directory = directory
    this.#port = port
    this.#maxConnections = maxConnections
  }

  /** @throws {ServerMissingError} */
  static async start(maxConnections = 100): Promise<MariaDbServer> {
    findProgram('mariadbd', HINT)
    const install = findProgram('mariadb-install-db', HINT)
    const directory = serverDirectory('branches-mariadb')
    const server = new MariaDbServer(directory, await freePort(), maxConnections)
    try {
      await runProgram(install, [
        '--no-defaults',
        `--datadir=${join(directory, 'data')}`,
        '--auth-root-authentication-method=normal',
        '--skip-test-db',
        // Without a look at the network for the machine's name.
        '--force',
      ])
      writeFileSync(join(directory, 'users.sql'), USERS)
      await server.up()
    } catch (error) {
      await removeDirectory(directory)
      throw error
    }
    return server
  }

  /** The URL of a database of this server, for the application's user. A pool gives up to wait after `timeout`. */
  url(database: string, poolSize: number, timeout = ACQUIRE_TIMEOUT): string {
    return this.#url(USER, database, poolSize, timeout)
  }

  /** Statements as the administrator, whose connection is not counted. */
  async query(text: string): Promise<unknown[][]> {
    this.#administrator ??= new PrismaMariaDb(this.#url(ADMINISTRATOR, 'mysql', 1), { useTextProtocol: true }).connect()
    const adapter = await this.#administrator
    const statements = text.split(';').filter((statement) => statement.trim() !== '')
    let rows: unknown[][] = []
    for (const statement of statements) rows = (await adapter.queryRaw(sql(statement))).rows
    return rows
  }

  /** The application's connections, as the server sees them. */
  async connections(): Promise<string[]> {
    const rows = await this.query(`SELECT id FROM information_schema.processlist WHERE user = '${USER}'`)
    return rows.map(([id]) => String(id))
  }

  /** Ends the application's connections, also under a statement. Resolves when the server has none of them any more. */
  async killAll(): Promise<number> {
    const ids = await this.connections()
    // One that has gone by itself is fine.
    for (const id of ids) await this.query(`KILL CONNECTION ${id}`).catch(() => {})
    while ((await this.connections()).some((id) => ids.includes(id))) await delay(5)
    return ids.length
  }

  async up(): Promise<void> {
    const data = join(this.#directory, 'data')
    this.#process = await ServerProcess.start(
      findProgram('mariadbd', HINT),
      [
        '--no-defaults',
        `--datadir=${data}`,
        `--tmpdir=${data}`,
        `--socket=${join(this.#directory, 'socket')}`,
        `--pid-file=${join(this.#directory, 'pid')}`,
        `--init-file=${join(this.#directory, 'users.sql')}`,
        `--port=${this.#port}`,
        '--bind-address=127.0.0.1',
        '--skip-name-resolve',
        '--skip-log-bin',
        `--max-connections=${this.#maxConnections}`,
        '--innodb-buffer-pool-size=32M',
        '--innodb-log-file-size=16M',
        // The data is thrown away with the server.
        '--innodb-flush-log-at-trx-commit=0',
        '--innodb-doublewrite=0',
      ],
      () => this.#answer(),
    )
  }

  /** Stops the server, which can be started again. */
  async down(): Promise<void> {
    await this.#disconnect()
    await this.#process?.stop('SIGTERM')
    this.#process = undefined
  }

  /** Stops the server and removes its data. */
  async stop(): Promise<void> {
    await this.down()
    await removeDirectory(this.#directory)
  }

  #url(user: string, database: string, poolSize: number, timeout = ACQUIRE_TIMEOUT): string {
    const parameters = `connectionLimit=${poolSize}&connectTimeout=${PATIENCE}&acquireTimeout=${timeout}`
    return `mariadb://${user}:${PASSWORD}@127.0.0.1:${this.#port}/${database}?${parameters}`
  }

  /** The adapter's `connect` succeeds whatever the server does, and a statement waits long for one that is not there. */
  async #answer(): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1')
    await once(socket, 'connect').finally(() => socket.destroy())
    try {
      await this.query('SELECT 1')
    } catch (error) {
      await this.#disconnect()
      throw error
    }
  }

  async #disconnect(): Promise<void> {
    const administrator = this.#administrator
    this.#administrator = undefined
    await administrator?.then((adapter) => adapter.dispose()).catch(() => {})
  }
}

const USERS = [
  [USER, 'ALL PRIVILEGES ON *.*'],
  [ADMINISTRATOR, 'ALL PRIVILEGES ON *.*'],
]
  .map(
    ([user, privileges]) =>
      `CREATE USER IF NOT EXISTS '${user}'@'127.0.0.1' IDENTIFIED BY '${PASSWORD}';\n` +
      `GRANT ${privileges} TO '${user}'@'127.0.0.1';\n`,
  )
  .join('')
