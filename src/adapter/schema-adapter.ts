import { readSchemaUrl } from '../datasource/schema-url.ts'
import { parseSearchPath } from '../datasource/search-path.ts'
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from '../driver/driver-adapter.ts'
import { InvalidDatasourceUrlError, WrongSchemaError } from '../settings/errors.ts'
import { type EndingConnection, OpenConnections } from './open-connections.ts'

/** The class of a driver adapter that takes a connection string and a schema, such as `PrismaPg`. */
export type SchemaAdapterClass = new (
  config: { connectionString: string; onConnect?: OnConnect },
  options?: { schema: string },
) => SqlDriverAdapterFactory

/** What node-postgres calls with each new connection. */
type OnConnect = (connection: Connection) => void | Promise<void>

interface Connection extends EndingConnection {
  on(event: 'error', listener: () => void): unknown
  query(text: string): Promise<{ rows: { search_path: string }[] }>
}

/** Of what its constructor takes first (a pool, a connection string, settings), the settings. */
type ConfigOf<Class extends SchemaAdapterClass> = WithKey<ConstructorParameters<Class>[0], 'connectionString'>
type OptionsOf<Class extends SchemaAdapterClass> = NonNullable<ConstructorParameters<Class>[1]>
type WithKey<T, Key extends string> = T extends object ? (Key extends keyof T ? T : never) : never

/**
 * The `adapter` option for a schema per branch: makes an adapter whose model queries and raw SQL both stay in the schema
 * that the URL names, with the schemas behind it on the `search_path` that `schemaUrl` was given for all branches. Each
 * new connection is asked whether its path is just that, which takes one round trip: otherwise it fails with a
 * {@link WrongSchemaError}, as behind a transaction pooler that drops startup options.
 *
 * @param Adapter `PrismaPg` of `@prisma/adapter-pg`, or another with the same constructor
 * @param config passed on to it, for example `{ max: 5 }`, the connections of one pool
 * @param options passed on to it, less `schema`
 *
 * @example
 * branches({
 *   url: (branch) => schemaUrl(connectionString, `branch_${branch}`),
 *   adapter: schemaAdapter(PrismaPg),
 *   client: (adapter) => new PrismaClient({ adapter }),
 * })
 */
export function schemaAdapter<Class extends SchemaAdapterClass>(
  Adapter: Class,
  config?: Omit<ConfigOf<Class>, 'connectionString'>,
  options?: Omit<OptionsOf<Class>, 'schema'>,
): (url: string) => InstanceType<Class> {
  return (url) => {
    const read = readSchemaUrl(url)
    if (read === undefined) {
      throw new InvalidDatasourceUrlError(
        'schemaAdapter needs a datasource URL with a schema parameter, such as schemaUrl() makes: postgresql://…?schema=branch_x',
      )
    }
    const { connectionString, schema, searchPath } = read
    const { onConnect } = (config ?? {}) as { onConnect?: OnConnect }
    const make = (connections: OpenConnections) =>
      new Adapter(
        { ...config, connectionString, onConnect: prepare(searchPath, onConnect, connections) },
        { ...options, schema },
      ) as InstanceType<Class>
    const adapter = make(new OpenConnections())
    // Each pool has an adapter of its own, so that its connections are told from those of the pool before it.
    adapter.connect = () => connectOne(make)
    return adapter
  }
}

/** A pool that has closed when its connections have ended on the server. */
async function connectOne(make: (connections: OpenConnections) => SqlDriverAdapterFactory): Promise<SqlDriverAdapter> {
  const connections = new OpenConnections()
  const connected = await make(connections).connect()
  const { dispose } = connected
  connected.dispose = async () => {
    await dispose.call(connected)
    await connections.ended()
  }
  return connected
}

/**
 * While node-postgres hands a connection to a transaction, nobody listens to its errors for a moment: a server that ends
 * it just then would end the process. The error itself reaches whoever uses the connection next.
 */
function prepare(
  searchPath: readonly string[],
  onConnect: OnConnect | undefined,
  connections: OpenConnections,
): OnConnect {
  return async (connection) => {
    connections.add(connection)
    connection.on('error', () => {})
    await checkSearchPath(connection, searchPath)
    await onConnect?.(connection)
  }
}

/**
 * A transaction pooler between here and the server may drop what a client sets when it connects. Without its
 * `search_path`, raw SQL of a branch would read and write main's rows (rule B4).
 */
async function checkSearchPath(connection: Connection, expected: readonly string[]): Promise<void> {
  const { rows } = await connection.query("SELECT current_setting('search_path') AS search_path")
  const actual = rows[0]?.search_path
  // Compared by meaning: a setting of the role or database may be spelled without quotes.
  const names = parseSearchPath(actual ?? '')
  const same = names?.length === expected.length && names.every((name, index) => name === expected[index])
  if (!same) throw new WrongSchemaError(expected, actual)
}
