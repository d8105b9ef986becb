import type { DatasourceIdentity } from './datasource-identity.ts'
import { decodeStrictly } from './percent.ts'
import { foldHost, shownHost, UnreadableUrl, unambiguousParts, urlParts } from './url-parts.ts'

/**
 * A PostgreSQL URL as node-postgres reads it. An empty string is what the URL does not say: the environment (`PGHOST`,
 * `PGUSER`, …) or a default of the driver decides, when it connects.
 */
export interface PostgresUrl {
  readonly user: string
  readonly password: string
  /** A name, an address, or the directory of a Unix socket. */
  readonly host: string
  readonly port: string
  readonly database: string
  /** The path that `database` was read from: not every name of a database can be written back. */
  readonly path: string
  /** What the URL has for a place that one of its parameters takes, which wins. */
  readonly overridden: readonly string[]
  /** Decoded, in the URL's order, less those that are in one of the places above. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
}

const DEFAULT_PORT = '5432'

/** node-postgres takes these from the query as well, where they win over the URL's own. */
const PLACES = ['user', 'password', 'host', 'port'] as const

/** libpq's names of the database, which node-postgres takes from the path alone. */
const IGNORED_NAMES = ['dbname', 'database']

export function identifyPostgres(text: string): DatasourceIdentity {
  const hosts = urlParts(text)?.hosts ?? ''
  return hosts.includes(',') ? identifyMultiHost(text) : identifySingleHost(readPostgresUrl(text))
}

/**
 * The rules are those of `pg-connection-string`, which tests compare this with.
 *
 * @throws {UnreadableUrl} on what node-postgres does not read, or does not read as it is written
 */
export function readPostgresUrl(text: string): PostgresUrl {
  const parts = unambiguousParts(text)
  if (!/^postgres(ql)?$/.test(parts.scheme)) throw new UnreadableUrl('it must begin with postgresql:// or postgres://')
  if (parts.hosts.includes(',')) throw new UnreadableUrl('it names several hosts, of which node-postgres takes one')
  const { url, hostname } = parse(text)
  const parameters = [...url.searchParams]
  const valuesOf = (name: string) => parameters.filter(([other]) => other === name).map(([, value]) => value)
  if (valuesOf('schema').length > 1) throw new UnreadableUrl('its parameter schema is given twice')
  const own = {
    user: decodeStrictly(url.username),
    password: decodeStrictly(url.password),
    host: decodeStrictly(hostname),
    port: url.port,
  }
  if (/^%2f/i.test(hostname) && valuesOf('host').at(-1)) {
    throw new UnreadableUrl('it names a host twice, and node-postgres would take one for a part of the database')
  }
  const path = url.pathname.slice(1)
  // node-postgres leaves encoded there what separates the parts of a URL.
  const database = decodeStrictly(path, decodeURI)
  if (IGNORED_NAMES.some((name) => valuesOf(name).some((value) => value !== database))) {
    throw new UnreadableUrl('node-postgres takes the name of the database from the path, and ignores it as a parameter')
  }
  const effective = { ...own }
  const overridden: string[] = []
  const spoken = new Set<string>()
  for (const place of PLACES) {
    const values = valuesOf(place)
    effective[place] = values.at(-1) || own[place]
    if (effective[place] !== own[place] && own[place] !== '') overridden.push(`${place}=${own[place]}`)
    if (values.length === 1 && values[0] === effective[place]) spoken.add(place)
  }
  const others = parameters.filter(([name]) => !spoken.has(name))
  return { ...effective, overridden, database, path, parameters: others }
}

function identifySingleHost(url: PostgresUrl): DatasourceIdentity {
  // The port that the environment names, if it does, counts when the URL is silent.
  const port = url.port === DEFAULT_PORT && !process.env.PGPORT ? '' : url.port
  const { user, password, database, overridden, parameters } = url
  // Stable: of two parameters of one name, the later wins.
  const sorted = parameters.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const schema = parameters.find(([name]) => name === 'schema')?.[1]
  const shownPort = url.port === DEFAULT_PORT ? '' : url.port
  const shown = `postgresql://${shownHost(foldHost(url.host), shownPort)}${database && `/${encodeURI(database)}`}`
  const key = `postgresql\0${JSON.stringify([user, password, foldHost(url.host), port, database, overridden, sorted])}`
  return inSchema(schema, { key, label: shown })
}

/** Several hosts to try in turn: libpq's form, which node-postgres does not take but other drivers do. */
function identifyMultiHost(text: string): DatasourceIdentity {
  const { hosts, path, query } = unambiguousParts(text)
  if (!/^[a-z0-9.-]*(:\d*)?(,[a-z0-9.-]*(:\d*)?)+$/i.test(hosts)) throw new UnreadableUrl('its hosts are no names')
  const schemas = new URLSearchParams(query).getAll('schema')
  if (schemas.length > 1) throw new UnreadableUrl('its parameter schema is given twice')
  const [schema] = schemas
  return inSchema(schema, { key: text, label: `postgresql://${hosts}${path}` })
}

function inSchema(schema: string | undefined, { key, label }: DatasourceIdentity): DatasourceIdentity {
  return schema === undefined ? { key, label } : { key, label: `${label}?schema=${encodeURIComponent(schema)}`, schema }
}

/** Where spaces or percent signs are not encoded, node-postgres encodes all there is but a `%` before two digits. */
const NOT_ENCODED = / |%[^a-f0-9]|%[a-f0-9][^a-f0-9]/i

function parse(text: string): { url: URL; hostname: string } {
  try {
    const encoded = NOT_ENCODED.test(text) ? encodeURI(text).replace(/%25(\d\d)/g, '%$1') : text
    if (URL.canParse(encoded)) return withHost(new URL(encoded))
    // A URL may not have a user and no host; one of PostgreSQL may, for a socket.
    return { url: new URL(encoded.replace('@/', '@nowhere/')), hostname: '' }
  } catch {
    throw new UnreadableUrl('special characters in a user name or password must be percent-encoded')
  }
}

function withHost(url: URL): { url: URL; hostname: string } {
  return { url, hostname: url.hostname.replace(/^\[(.+)\]$/, '$1') }
}
