import type { DatasourceIdentity } from './datasource-identity.ts'
import { decodeStrictly } from './percent.ts'
import { foldHost, shownHost, UnreadableUrl, unambiguousParts } from './url-parts.ts'

/** What a URL of MySQL or MariaDB says, as MariaDB's connector reads it after `@prisma/adapter-mariadb` has. */
export interface MysqlUrl {
  readonly user: string
  readonly password: string
  readonly host: string
  readonly port: string
  readonly database: string
  /** As they are spelled: the connector and the adapter decode them differently. */
  readonly parameters: readonly string[]
}

const DEFAULT_PORT = '3306'

export function identifyMysql(text: string): DatasourceIdentity {
  const { user, password, host, port, database, parameters } = readMysqlUrl(text)
  const address = [user, password, foldHost(host), port === DEFAULT_PORT ? '' : port, database]
  const sorted = parameters.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0))
  return {
    // The adapter writes mysql: as mariadb:, so that the two are one.
    key: `mysql\0${JSON.stringify([...address, sorted])}`,
    label: labelOf(text, { host, port, database, parameters }),
  }
}

/**
 * The connector takes a URL apart with a pattern of its own. What it and a URL parser read alike is read here, the rest
 * is refused; tests compare this with the connector.
 *
 * @throws {UnreadableUrl}
 */
export function readMysqlUrl(text: string): MysqlUrl {
  const { query } = unambiguousParts(text)
  if (!URL.canParse(text)) {
    throw new UnreadableUrl('special characters in a user name or password must be percent-encoded')
  }
  const url = new URL(text)
  if (url.hostname === '') throw new UnreadableUrl('it must name a host')
  if (url.pathname.length < 2) throw new UnreadableUrl("it must name a database: MariaDB's connector asks for one")
  const parameters = query ? query.split('&') : []
  for (const parameter of parameters) decodeStrictly(parameter)
  return {
    user: decodeStrictly(url.username),
    password: decodeStrictly(url.password),
    host: decodeStrictly(url.hostname.replace(/^\[(.+)\]$/, '$1')),
    port: url.port,
    database: decodeStrictly(url.pathname.slice(1)),
    parameters,
  }
}

/** The connector lets a parameter win over the place that a URL has for it. */
function labelOf(text: string, url: Pick<MysqlUrl, 'host' | 'port' | 'database' | 'parameters'>): string {
  const given = new URLSearchParams(url.parameters.join('&'))
  const host = given.get('socketPath') ?? given.get('host') ?? url.host
  const port = given.get('port') ?? url.port
  const database = given.get('database') ?? url.database
  const scheme = text.slice(0, text.indexOf(':')).toLowerCase()
  return `${scheme}://${shownHost(foldHost(host), port === DEFAULT_PORT ? '' : port)}/${encodeURI(database)}`
}

function nameOf(parameter: string): string {
  return decodeStrictly((parameter.split('=', 1)[0] as string).replaceAll('+', ' '))
}
