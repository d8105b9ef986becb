import { describe } from '../settings/describe.ts'
import { InvalidBranchNameError, InvalidDatasourceUrlError, InvalidOptionError } from '../settings/errors.ts'
import { type PostgresUrl, readPostgresUrl } from './postgres-url.ts'
import { formatSearchPath, LONGEST_IDENTIFIER, parseSearchPath } from './search-path.ts'
import { escapeOption, readStartupOptions, type StartupOptions } from './startup-options.ts'
import { UnreadableUrl } from './url-parts.ts'

export interface SchemaUrlOptions {
  /**
   * Schemas behind the branch's own on the `search_path`, for types, operators and functions that all branches share:
   * where `citext`, `pg_trgm`, `uuid-ossp` or `pgvector` are installed. Without its schema on the path, citext compares
   * case-sensitively, and says nothing. Their tables can be read without naming a schema, too: keep none there that
   * branches have as well.
   */
  readonly extraSchemas?: readonly string[]
  /**
   * Main's own schema (the `schema` parameter of the base URL, or `public`), named once more to say that it shall be on
   * the `search_path`, last unless `extraSchemas` has it elsewhere. Raw SQL, functions and triggers of a branch that name a
   * table which the branch does not have then read and write main's. Better move the extensions:
   * `ALTER EXTENSION citext SET SCHEMA extensions`.
   */
  readonly includeMainSchema?: string
}

/** What a schema's URL says, and the URL as node-postgres shall have it. */
export interface SchemaUrl {
  readonly connectionString: string
  readonly schema: string
  /** The schema itself, and then the others. */
  readonly searchPath: readonly string[]
}

/** Writes the URL of a schema. */
type Frame = (schema: string, ordinary: boolean) => string

/**
 * The datasource URL of a schema: `baseUrl` with every parameter it has (rule B6), with `schema` for the adapter's
 * option of that name, and with a `search_path` of this schema and of those that `options` name, so that raw SQL in a
 * branch that was dropped fails instead of reading `public` (rule B4). The names are checked, quoted and encoded: one that
 * came from outside injects nothing.
 *
 * A `search_path` in the `options` of the base URL (or in `PGOPTIONS`, which node-postgres reads for a URL without) is
 * main's: of its schemas, main's own gives its place to the branch's, and each other must be named in `options`.
 *
 * Use `schemaAdapter` with it: Prisma 7 does not read `schema` from the URL by itself.
 *
 * @throws {InvalidBranchNameError} on a schema name that PostgreSQL would not take, or would take for another
 * @throws {InvalidDatasourceUrlError} if `baseUrl` does not parse, or has a `search_path` that would be lost
 * @throws {InvalidOptionError} on a schema in `options` that cannot be one, or is main's own
 */
export function schemaUrl(baseUrl: string, schema: string, options: SchemaUrlOptions = {}): string {
  const ordinary = typeof schema === 'string' && ORDINARY_NAME.test(schema)
  const reason = ordinary ? undefined : schemaFault(schema)
  if (reason !== undefined) throw new InvalidBranchNameError(`Schema name ${shown(schema)} ${reason}`)
  const { extraSchemas, includeMainSchema, write } = latestOf(baseUrl, options) ?? remember(baseUrl, options)
  if (extraSchemas.includes(schema) || includeMainSchema === schema) {
    throw new InvalidBranchNameError(`Schema name ${shown(schema)} is that of a schema that all branches share`)
  }
  return write(schema, ordinary)
}

/** Names that need neither a check nor encoding. */
const ORDINARY_NAME = /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/i

/** A base URL and options, read: an application has one or a few, and asks for a URL at every call. */
interface Remembered {
  readonly baseUrl: string
  readonly extraSchemas: readonly string[]
  readonly includeMainSchema: string | undefined
  readonly write: Frame
}

const remembered = new Map<string, Remembered>()
const MOST_REMEMBERED = 64
let latest: Remembered | undefined

function latestOf(baseUrl: string, options: SchemaUrlOptions): Remembered | undefined {
  const { extraSchemas = NONE, includeMainSchema } = options
  const same =
    latest?.baseUrl === baseUrl &&
    latest.includeMainSchema === includeMainSchema &&
    latest.extraSchemas.length === extraSchemas.length &&
    latest.extraSchemas.every((schema, index) => schema === extraSchemas[index])
  return same ? latest : undefined
}

const NONE: readonly string[] = []

function remember(baseUrl: string, options: SchemaUrlOptions): Remembered {
  const { extraSchemas = NONE, includeMainSchema } = options
  const name = JSON.stringify([baseUrl, extraSchemas, includeMainSchema])
  let found = remembered.get(name)
  if (found === undefined) {
    const write = frameOf(baseUrl, options)
    // The caller may change the array later.
    found = { baseUrl, extraSchemas: [...extraSchemas], includeMainSchema, write }
    if (remembered.size >= MOST_REMEMBERED) remembered.clear()
    remembered.set(name, found)
  }
  latest = found
  return found
}

/**
 * What `schemaUrl` wrote, or somebody else with the same parameters.
 *
 * @returns undefined if the URL has no `schema`
 * @throws {InvalidDatasourceUrlError} if it does not parse, or its `search_path` is not one of that schema
 */
export function readSchemaUrl(text: string): SchemaUrl | undefined {
  const url = readBase(text)
  const schema = schemaOf(url)
  if (schema === undefined) return undefined
  const { others, searchPath } = optionsOf(url)
  const [own, ...shared] = searchPath ?? [schema]
  if (own !== schema) {
    throw new InvalidDatasourceUrlError(
      `A URL of schema ${shown(schema)} has a search_path that begins with ${shown(own)}: raw SQL would not be in that ` +
        'schema. Take the search_path out of its options, or make the URL with schemaUrl()',
    )
  }
  for (const name of [schema, ...shared]) {
    const reason = schemaFault(name)
    if (reason !== undefined) throw new InvalidDatasourceUrlError(`Schema name ${shown(name)} in a URL ${reason}`)
  }
  return { connectionString: frame(url, others, shared)(schema, false), schema, searchPath: [schema, ...shared] }
}

function frameOf(baseUrl: string, options: SchemaUrlOptions): Frame {
  const url = readBase(baseUrl)
  const main = schemaOf(url) ?? 'public'
  const shared = sharedSchemas(options, main)
  const { others, searchPath = [] } = optionsOf(url)
  const lost = searchPath.filter((schema) => schema !== main && !shared.includes(schema))
  if (lost.length > 0) {
    throw new InvalidDatasourceUrlError(
      `The search_path of the base URL names ${lost.map(shown).join(', ')}, which branches would not have: name it in ` +
        'extraSchemas to keep it for all branches, in schema=… of the base URL if it is main, or take it out of the URL',
    )
  }
  return frame(url, others, shared)
}

/** The schemas that all branches share, checked. */
function sharedSchemas({ extraSchemas = [], includeMainSchema }: SchemaUrlOptions, main: string): string[] {
  if (!Array.isArray(extraSchemas)) {
    throw new InvalidOptionError(`extraSchemas must be an array of schema names, got ${describe(extraSchemas)}`)
  }
  for (const schema of extraSchemas) {
    const reason = schemaFault(schema)
    if (reason !== undefined) throw new InvalidOptionError(`Schema name ${shown(schema)} in extraSchemas ${reason}`)
  }
  if (includeMainSchema !== undefined && includeMainSchema !== main) {
    throw new InvalidOptionError(
      `includeMainSchema must name main's own schema, which is ${shown(main)} by the base URL, got ${shown(includeMainSchema)}`,
    )
  }
  if (extraSchemas.includes(main) && includeMainSchema === undefined) {
    throw new InvalidOptionError(
      `extraSchemas names ${shown(main)}, main's own schema: raw SQL of a branch would fall through to main's tables. Move ` +
        'what all branches share to a schema of its own (ALTER EXTENSION … SET SCHEMA extensions), or say ' +
        `includeMainSchema: ${shown(main)} if that is what you want`,
    )
  }
  return [...new Set(includeMainSchema === undefined ? extraSchemas : [...extraSchemas, includeMainSchema])]
}

/** Everything but the schema is written once. */
function frame(url: PostgresUrl, others: string, shared: readonly string[]): Frame {
  const start = `${address(url)}schema=`
  const options = `&options=${encodeURIComponent(others === '' ? '-c search_path=' : `${others} -c search_path=`)}`
  const end = shared.length === 0 ? '' : encodeURIComponent(escapeOption(`,${formatSearchPath(shared)}`))
  return (schema, ordinary) => {
    if (ordinary) return `${start}${schema}${options}%22${schema}%22${end}`
    const own = encodeURIComponent(escapeOption(formatSearchPath([schema])))
    return `${start}${encodeURIComponent(schema)}${options}${own}${end}`
  }
}

/**
 * The URL up to where its schema begins. Everything is encoded, so that all readers read it alike, and a socket's directory is
 * the host, so that `new URL()` takes it.
 */
function address({ user, password, host, port, path, parameters }: PostgresUrl): string {
  const rest = parameters.filter(([name]) => !REPLACED.has(name))
  const credentials =
    password === '' ? encodeURIComponent(user) : `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
  const name = host.includes(':') && !host.startsWith('/') ? `[${host}]` : encodeURIComponent(host)
  const authority = `${credentials && `${credentials}@`}${name}${port && `:${port}`}`
  const url = `postgresql://${authority}/${path}?`
  if (host !== '' && URL.canParse(url)) return url + write(rest)
  // Without a host, a URL can have neither user nor port.
  const places = Object.entries({ user, password, host, port }).filter(([, value]) => value !== '')
  return `postgresql:///${path}?${write([...places, ...rest])}`
}

const REPLACED = new Set(['user', 'password', 'host', 'port', 'schema', 'options'])

function write(parameters: readonly (readonly [string, string])[]): string {
  return parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}&`).join('')
}

function schemaOf({ parameters }: PostgresUrl): string | undefined {
  return parameters.find(([name]) => name === 'schema')?.[1]
}

function optionsOf({ parameters }: PostgresUrl): { others: string; searchPath?: string[] } {
  const given = parameters.findLast(([name]) => name === 'options')?.[1] || process.env.PGOPTIONS || ''
  const read: StartupOptions | undefined = readStartupOptions(given)
  const searchPath = read?.searchPath === undefined ? undefined : parseSearchPath(read.searchPath)
  if (read === undefined || (read.searchPath !== undefined && searchPath === undefined)) {
    throw new InvalidDatasourceUrlError(
      'The options of a PostgreSQL datasource URL must look like -c name=value, each on its own. (They are not shown)',
    )
  }
  return { others: read.others, ...(searchPath === undefined ? {} : { searchPath }) }
}

/** @throws {InvalidDatasourceUrlError} */
function readBase(text: unknown): PostgresUrl {
  let reason = `got ${describe(text)}`
  try {
    if (typeof text === 'string') return readPostgresUrl(text)
  } catch (error) {
    if (!(error instanceof UnreadableUrl)) throw error
    reason = `got one that does not parse: ${error.message}`
  }
  throw new InvalidDatasourceUrlError(
    `A PostgreSQL datasource URL must look like postgresql://user:password@host:5432/database, ${reason}. (It is not ` +
      'shown: it may hold a password)',
  )
}

/** Why a name cannot be that of a schema here, if it cannot. */
function schemaFault(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return 'must be a string that is not empty'
  if (Buffer.byteLength(name) > LONGEST_IDENTIFIER) {
    return `is longer than ${LONGEST_IDENTIFIER} bytes: PostgreSQL would cut it, and take it for another`
  }
  // PostgreSQL allows a double quote, but Prisma writes the adapter's schema option into model queries unescaped.
  if (/["\0]|\p{Surrogate}/u.test(name)) return 'must have no double quote, zero byte or half of a character in it'
  // Reserved for PostgreSQL's own schemas; $user stands for the user's name even in quotes.
  if (/^pg_/i.test(name) || name === '$user') return 'is reserved by PostgreSQL'
  return undefined
}

function shown(name: unknown): string {
  return typeof name === 'string' ? JSON.stringify(name) : describe(name)
}
