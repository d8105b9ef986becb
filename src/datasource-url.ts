import { inspect } from 'node:util'
import { describe } from './describe.ts'
import { InvalidBranchNameError, InvalidDatasourceUrlError, InvalidOptionError } from './errors.ts'

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

const PLACEHOLDER = '{branch}'

/**
 * Names that are safe wherever a template may put them: no separator of paths or URLs, and never `.` or `..`. 63 is the
 * longest identifier of PostgreSQL.
 */
const TEMPLATE_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,62}$/u

/** @throws {InvalidOptionError} if the template has no `{branch}` in it or gives no URL */
export function urlTemplate(name: string, template: string): (branch: string) => string {
  const hint = `${name} must be a URL with ${PLACEHOLDER} in it, such as postgresql://host/app?schema=branch_${PLACEHOLDER}`
  if (!template.includes(PLACEHOLDER)) throw new InvalidOptionError(`${hint}, got a string without it`)
  const fill = (branch: string) => template.replaceAll(PLACEHOLDER, encodeURIComponent(branch))
  try {
    identifyDatasource(fill('main'), 'main')
  } catch {
    throw new InvalidOptionError(`${hint}, got one that does not parse`)
  }
  return (branch) => {
    if (TEMPLATE_NAME.test(branch)) return fill(branch)
    throw new InvalidBranchNameError(
      `Branch name ${JSON.stringify(branch)} does not fit the template in ${name}: a name is 1 to 63 letters, digits, ` +
        '_, - or ., and starts with a letter, a digit or _. To map other names, give url as a function',
    )
  }
}

/** `error`, or, if it would show a secret of `url` when printed, one with the same message less that. */
export function redact(error: unknown, url: string): unknown {
  const secrets = secretsOf(url).filter((secret) => secret !== '' && inspect(error).includes(secret))
  if (secrets.length === 0) return error
  const message = error instanceof Error ? error.message : String(error)
  return new Error(secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message))
}

function secretsOf(url: string): string[] {
  if (!URL.canParse(url)) return []
  const { password, searchParams } = new URL(url)
  const tokens = [...searchParams].filter(([name]) => /password|token|secret|key/i.test(name)).map(([, value]) => value)
  return [password, decodeURIComponent(password), ...tokens]
}
