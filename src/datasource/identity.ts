import { describe } from '../settings/describe.ts'
import { InvalidDatasourceUrlError } from '../settings/errors.ts'

/** What a datasource URL is known by. */
export interface DatasourceIdentity {
  /** Equal for URLs that mean the same. May hold a password: never printed. */
  readonly key: string
  /** Safe to print: no user, no password, no parameter but `schema`. */
  readonly label: string
  /** Of the parameter of that name. */
  readonly schema?: string
}

const DEFAULT_PORTS: Record<string, string> = { 'postgresql:': '5432', 'mysql:': '3306', 'mariadb:': '3306' }

/**
 * Two spellings of one datasource (scheme `postgres` or `postgresql`, default port, case of the host, order of the
 * parameters) get one key.
 *
 * @throws {InvalidDatasourceUrlError} if `url` is not a string that parses
 */
export function identifyDatasource(url: unknown, branch: string): DatasourceIdentity {
  const context = `The datasource URL of branch ${JSON.stringify(branch)}`
  if (typeof url !== 'string') {
    const hint = url instanceof Promise ? ': the url option must answer at once, so look branches up beforehand' : ''
    throw new InvalidDatasourceUrlError(`${context} must be a string, got ${describe(url)}${hint}`)
  }
  // SQLite's names without an authority: relative paths, which a URL parser would make absolute, and databases in memory.
  if (url === ':memory:' || /^file:(?!\/\/)/i.test(url)) return identifyFile(url)
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || !URL.canParse(url)) {
    throw new InvalidDatasourceUrlError(
      `${context} does not parse. It must look like postgresql://user:password@host:5432/database or file:./dev.db; ` +
        'a user name or password with special characters must be percent-encoded. (It is not shown: it may hold a password)',
    )
  }
  return identifyServer(new URL(url))
}

function identifyServer(url: URL): DatasourceIdentity {
  const protocol = url.protocol === 'postgres:' ? 'postgresql:' : url.protocol
  const host = url.hostname.toLowerCase()
  const port = url.port === DEFAULT_PORTS[protocol] ? '' : url.port
  const address = port === '' ? host : `${host}:${port}`
  url.searchParams.sort()
  const schema = url.searchParams.get('schema')
  return {
    key: `${protocol}//${url.username}:${url.password}@${address}${url.pathname}?${url.searchParams}`,
    label: `${protocol}//${address}${url.pathname}${schema === null ? '' : `?schema=${encodeURIComponent(schema)}`}`,
    ...(schema === null ? {} : { schema }),
  }
}

function identifyFile(url: string): DatasourceIdentity {
  const [path = '', query = ''] = url.replace(/^file:/i, 'file:').split('?')
  const parameters = new URLSearchParams(query)
  parameters.sort()
  return { key: `${path}?${parameters}`, label: path }
}
