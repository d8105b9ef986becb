import { describe } from './describe.ts'
import type { SqlDriverAdapterFactory } from './driver-adapter.ts'
import { InvalidBranchNameError, InvalidDatasourceUrlError, WrongSchemaError } from './errors.ts'

/** PostgreSQL cuts longer identifiers, so that two branches could become one. */
const LONGEST_IDENTIFIER = 63

/**
 * The datasource URL of a schema: `baseUrl` with every parameter it has (rule B6), with `schema` for the adapter's
 * option of that name, and with a `search_path` of this schema alone, so that raw SQL in a branch that was dropped fails
 * instead of reading `public` (rule B4). The name is checked, quoted and encoded: one that came from outside injects
 * nothing.
 *
 * Use {@link schemaAdapter} with it: Prisma 7 does not read `schema` from the URL by itself.
 *
 * @throws {InvalidBranchNameError} on a schema name that PostgreSQL would not take, or would take for another
 * @throws {InvalidDatasourceUrlError} if `baseUrl` does not parse
 */
export function schemaUrl(baseUrl: string, schema: string): string {
  checkSchemaName(schema)
  const url = parse(baseUrl)
  url.searchParams.set('schema', schema)
  const others = url.searchParams.get('options')?.replace(SEARCH_PATH_OPTION, '').trim()
  const searchPath = `-c search_path=${escapeOption(quote(schema))}`
  url.searchParams.set('options', others ? `${others} ${searchPath}` : searchPath)
  // URLSearchParams writes a space as +, which drivers other than node-postgres do not read back.
  url.search = url.search.replaceAll('+', '%20')
  return url.href
}

/** The class of a driver adapter that takes a connection string and a schema, such as `PrismaPg`. */
export type SchemaAdapterClass = new (
  config: { connectionString: string; onConnect?: OnConnect },
  options?: { schema: string },
) => SqlDriverAdapterFactory

/** What node-postgres calls with each new connection. */
type OnConnect = (connection: Connection) => void | Promise<void>

interface Connection {
  on(event: 'error', listener: () => void): unknown
  query(text: string): Promise<{ rows: { search_path: string }[] }>
}

/** Of what its constructor takes first (a pool, a connection string, settings), the settings. */
type ConfigOf<Class extends SchemaAdapterClass> = WithKey<ConstructorParameters<Class>[0], 'connectionString'>
type OptionsOf<Class extends SchemaAdapterClass> = NonNullable<ConstructorParameters<Class>[1]>
type WithKey<T, Key extends string> = T extends object ? (Key extends keyof T ? T : never) : never

/**
 * The `adapter` option for a schema per branch: makes an adapter whose model queries and raw SQL both stay in the schema
 * that the URL names. Each new connection is asked whether it really is there, which takes one round trip: otherwise it
 * fails with a {@link WrongSchemaError}, as behind a transaction pooler that drops startup options.
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
    const schema = parse(url).searchParams.get('schema')
    if (schema === null) {
      throw new InvalidDatasourceUrlError(
        'schemaAdapter needs a datasource URL with a schema parameter, such as schemaUrl() makes: postgresql://…?schema=branch_x',
      )
    }
    const connectionString = schemaUrl(url, schema)
    const { onConnect } = (config ?? {}) as { onConnect?: OnConnect }
    return new Adapter(
      { ...config, connectionString, onConnect: prepare(schema, onConnect) },
      { ...options, schema },
    ) as InstanceType<Class>
  }
}

/**
 * While node-postgres hands a connection to a transaction, nobody listens to its errors for a moment: a server that ends
 * it just then would end the process. The error itself reaches whoever uses the connection next.
 */
function prepare(schema: string, onConnect: OnConnect | undefined): OnConnect {
  return async (connection) => {
    connection.on('error', () => {})
    await checkSearchPath(connection, schema)
    await onConnect?.(connection)
  }
}

/**
 * A transaction pooler between here and the server may drop what a client sets when it connects. Without its
 * `search_path`, raw SQL of a branch would read and write main's rows (rule B4).
 */
async function checkSearchPath(connection: Connection, schema: string): Promise<void> {
  const { rows } = await connection.query("SELECT current_setting('search_path') AS search_path")
  const actual = rows[0]?.search_path
  // The server shows a setting of the role or database without the quotes that it does not need.
  const plain = /^[a-z_][a-z0-9_]*$/.test(schema) && actual === schema
  if (!plain && actual !== quote(schema)) throw new WrongSchemaError(schema, actual)
}

function quote(schema: string): string {
  return `"${schema}"`
}

function checkSchemaName(schema: unknown): asserts schema is string {
  const refuse = (reason: string): never => {
    const shown = typeof schema === 'string' ? JSON.stringify(schema) : describe(schema)
    throw new InvalidBranchNameError(`Schema name ${shown} ${reason}`)
  }
  if (typeof schema !== 'string' || schema === '') refuse('must be a string that is not empty')
  const name = schema as string
  if (Buffer.byteLength(name) > LONGEST_IDENTIFIER) {
    refuse(`is longer than ${LONGEST_IDENTIFIER} bytes: PostgreSQL would cut it, and take it for another`)
  }
  // PostgreSQL allows a double quote, but Prisma writes the adapter's schema option into model queries unescaped.
  if (/["\0]/.test(name)) refuse('must have neither a double quote nor a zero byte in it')
  // Reserved for PostgreSQL's own schemas; $user stands for the user's name even in quotes.
  if (/^pg_/i.test(name) || name === '$user') refuse('is reserved by PostgreSQL')
}

function parse(url: unknown): URL {
  if (typeof url === 'string' && /^postgres(ql)?:\/\//i.test(url) && URL.canParse(url)) return new URL(url)
  throw new InvalidDatasourceUrlError(
    `A PostgreSQL datasource URL must look like postgresql://user:password@host:5432/database, got ${describe(url)} ` +
      'that does not parse. (It is not shown: it may hold a password)',
  )
}

const SEARCH_PATH_OPTION = /(?:^|\s)(?:-c\s*|--)search_path=(?:\\.|[^\s\\])*/g

/** In the `options` parameter, white space separates and a backslash escapes. */
function escapeOption(value: string): string {
  return value.replace(/[\s\\]/g, '\\$&')
}
