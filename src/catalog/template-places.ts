import { decodeWhereEncoded } from '../datasource/percent.ts'
import { LONGEST_IDENTIFIER } from '../datasource/search-path.ts'
import { urlParts } from '../datasource/url-parts.ts'

export const PLACEHOLDER = '{branch}'

/** What a template asks of names, beyond what all do. */
export interface NameRule {
  readonly fits: (name: string) => boolean
  /** Completes "a name …". */
  readonly text: string
}

/** Where a template has its placeholder, and whether a name from outside can do harm there. */
export interface TemplatePlaces {
  /** Why the template is refused, if it is. Completes "has {branch} …". */
  readonly fault?: string
  readonly rules: readonly NameRule[]
}

/** The parameters that name the schema or database of a branch. */
const NAMING_PARAMETERS = { postgresql: ['schema'], mysql: [] as string[], other: ['schema', 'database'] }
type Kind = keyof typeof NAMING_PARAMETERS

/** Those that take a name and can do nothing else with it. */
const HARMLESS_PARAMETERS: Record<Kind, string[]> = {
  postgresql: ['application_name', 'fallback_application_name'],
  mysql: [],
  other: [],
}

const KINDS: Record<string, Kind> = {
  postgresql: 'postgresql',
  postgres: 'postgresql',
  mysql: 'mysql',
  mariadb: 'mysql',
}

/** Schemas and databases that servers come with. One of them is no branch, and `public` is main's. */
const RESERVED = /^(?:pg_.*|public|postgres|template[01]|information_schema|performance_schema|mysql|sys)$/i

export function templatePlaces(template: string): TemplatePlaces {
  if (/^file:/i.test(template)) return filePlaces(template)
  const { userinfo = '', hosts, path, query = '', fragment = '', scheme } = urlParts(template) ?? otherParts(template)
  const kind = KINDS[scheme] ?? 'other'
  // SQL Server has parameters where others have a host: sqlserver://host:1433;database=…
  const [addresses = '', ...assignments] = kind === 'other' ? hosts.split(';') : [hosts]
  const [pathOnly = '', ...more] = kind === 'other' ? path.split(';') : [path]
  const parameters = [...assignments, ...more, ...query.split(kind === 'other' ? /[&;]/ : '&')]
  const rules: NameRule[] = []
  if (has(scheme)) return refused('in the scheme: who chooses the name would choose how the URL is read')
  if (has(userinfo)) return refused('as user name or password: who chooses the name would choose the credentials')
  if (has(fragment)) return refused('after a #, where drivers drop it: all names would be one')
  if (has(addresses)) {
    const fault = addresses
      .split(',')
      .map(hostFault)
      .find((found) => found !== undefined)
    if (fault !== undefined) return refused(fault)
    rules.push(HOST_NAMES)
  }
  if (has(pathOnly) && `${pathOnly}${query}`.includes('@')) return refused('before an @, where it may be a password')
  let leads = has(addresses) || has(pathOnly)
  for (const parameter of parameters.filter(has)) {
    const [name = '', ...value] = parameter.split('=')
    // node-postgres and Prisma know schema, not Schema.
    const meant = kind === 'other' ? decodeWhereEncoded(name).toLowerCase() : decodeWhereEncoded(name)
    if (has(name) || ![...NAMING_PARAMETERS[kind], ...HARMLESS_PARAMETERS[kind]].includes(meant)) {
      return refused('in a parameter that a driver may obey, or ignore')
    }
    if (!NAMING_PARAMETERS[kind].includes(meant)) continue
    leads = true
    rules.push(...identifierRules(decodeWhereEncoded(value.join('=')), kind))
  }
  if (!leads && parameters.some(has)) return refused('where it names no place: all names would lead to one')
  if (has(pathOnly) && kind !== 'other') rules.push(...identifierRules(decodeWhereEncoded(pathOnly.slice(1)), kind))
  // By default, its names of databases and schemas have no case.
  if (scheme === 'sqlserver') rules.push(LOWER_CASE)
  return tooLong(rules) ?? { rules }
}

function filePlaces(template: string): TemplatePlaces {
  const [path = '', parameters = ''] = template.split(/\?(.*)/s)
  if (has(parameters)) return refused('in a parameter of a file, where a driver may ignore it: all names would be one')
  if (/^file:\/\/[^/]*\{branch\}/i.test(path)) return refused('in the place of a host: a file has none')
  const rules = [COMPOSED]
  return { rules: path.endsWith(PLACEHOLDER) ? [...rules, NO_COMPANION] : rules }
}

/** Of one host with its port, if it has a placeholder. */
function hostFault(address: string): string | undefined {
  if (!has(address)) return undefined
  const [, host = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(.*)$/s.exec(address) ?? []
  if (has(port)) return 'in the port: who chooses the name would choose the server'
  const rest = host.slice(host.lastIndexOf(PLACEHOLDER) + PLACEHOLDER.length)
  if (/^[a-z0-9.-]*$/i.test(host.replaceAll(PLACEHOLDER, '')) && /^[.-]/.test(rest) && isDomain(rest)) return undefined
  return (
    'as the host, or at its end: who chooses the name would choose the server that is sent the password. In a host it must ' +
    `stand before a fixed domain: ${PLACEHOLDER}.db.example.com, ${PLACEHOLDER}-acme.turso.io`
  )
}

/** Whether what comes after a name is a domain of somebody's own, so that no name leads out of it. */
function isDomain(rest: string): boolean {
  // What is before the first dot belongs to the label that the name is in.
  const [, ...labels] = rest.split('.')
  const [last = '', second = ''] = labels.toReversed()
  if (labels.includes('') || !/^(?:[a-z]{2,}|xn--[a-z0-9-]+)$/i.test(last)) return false
  const suffix = last.length === 2 && /^(?:ac|co|com|edu|gov|net|org)$/i.test(second) ? 2 : 1
  return labels.length > suffix
}

/** For the name of a schema or database that is made of a template and a name. */
function identifierRules(value: string, kind: Kind): NameRule[] {
  const rules: NameRule[] = []
  if (value.startsWith(PLACEHOLDER)) {
    rules.push({
      fits: (name) => !RESERVED.test(value.replaceAll(PLACEHOLDER, name)),
      text: 'is not that of a schema or database that the server comes with, such as public',
    })
  }
  if (kind !== 'postgresql') return rules
  const count = value.split(PLACEHOLDER).length - 1
  const room = Math.floor((LONGEST_IDENTIFIER - Buffer.byteLength(value.replaceAll(PLACEHOLDER, ''))) / count)
  rules.push({
    fits: (name) => name.length * 3 <= room || Buffer.byteLength(name) <= room,
    text: `has at most ${room} bytes: PostgreSQL would cut the name of the schema or database, and take it for another`,
  })
  return rules
}

const LOWER_CASE: NameRule = {
  fits: (name) => name === name.toLowerCase(),
  text: 'is in lower case, since the server tells no cases apart',
}

const HOST_NAMES: NameRule = {
  fits: (name) => /^[a-z0-9-]+$/.test(name),
  text: 'in a host is made of lower-case letters from a to z, digits and - alone',
}

const COMPOSED: NameRule = {
  fits: (name) => name === name.normalize('NFC'),
  text: 'of a file is in Unicode form NFC, since some file systems tell no others apart',
}

/** The files that SQLite keeps beside a database. */
const NO_COMPANION: NameRule = {
  fits: (name) => !/-(?:journal|shm|wal)$/i.test(name),
  text: 'does not end in -journal, -shm or -wal, the files that SQLite keeps beside a database',
}

/** A template that leaves no room for a name of one letter. */
function tooLong(rules: readonly NameRule[]): TemplatePlaces | undefined {
  return rules.every(({ fits }) => fits('a')) ? undefined : refused('in a name that is too long for PostgreSQL')
}

function refused(fault: string): TemplatePlaces {
  return { fault, rules: [] }
}

function has(text: string): boolean {
  return text.includes(PLACEHOLDER)
}

/** Without an authority: `socket:/path?db=…`. */
function otherParts(template: string) {
  const [, scheme = '', path = '', query = ''] = /^([^:]*):([^?#]*)(.*)$/s.exec(template) ?? []
  return { scheme, userinfo: '', hosts: '', path, query: query.slice(1), fragment: '' }
}
