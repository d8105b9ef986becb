import { describe } from '../settings/describe.ts'
import { InvalidDatasourceUrlError } from '../settings/errors.ts'
import type { DatasourceIdentity } from './datasource-identity.ts'
import { identifyMysql } from './mysql-url.ts'
import { identifyOther } from './other-url.ts'
import { identifyPostgres } from './postgres-url.ts'
import { identifySqlite } from './sqlite-url.ts'
import { UnreadableUrl } from './url-parts.ts'

/** By scheme, how the driver reads a URL. Of any other scheme, no two strings are known to mean the same. */
const GRAMMARS: Record<string, (text: string) => DatasourceIdentity> = {
  postgresql: identifyPostgres,
  postgres: identifyPostgres,
  mysql: identifyMysql,
  mariadb: identifyMysql,
  file: identifySqlite,
}

/**
 * Two URLs get one key only where the driver of their scheme is known to read them alike, and nothing of the string is
 * dropped from it (rule I1). A URL that the driver would read otherwise than it is written is refused.
 *
 * @throws {InvalidDatasourceUrlError} if `url` is not a string that can be read so; it never shows it
 */
export function identifyDatasource(url: unknown, branch: string): DatasourceIdentity {
  const context = `The datasource URL of branch ${JSON.stringify(branch)}`
  if (typeof url !== 'string') {
    const hint = url instanceof Promise ? ': the url option must answer at once, so look branches up beforehand' : ''
    throw new InvalidDatasourceUrlError(`${context} must be a string, got ${describe(url)}${hint}`)
  }
  try {
    return grammarOf(url)(url)
  } catch (error) {
    if (!(error instanceof UnreadableUrl)) throw error
    throw new InvalidDatasourceUrlError(
      `${context} does not parse: ${error.message}. It must look like postgresql://user:password@host:5432/database or ` +
        'file:./dev.db. (It is not shown: it may hold a password)',
    )
  }
}

function grammarOf(url: string): (text: string) => DatasourceIdentity {
  // SQLite's name of a database in memory.
  if (url === ':memory:') return identifySqlite
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? ''
  return (Object.hasOwn(GRAMMARS, scheme) && GRAMMARS[scheme]) || identifyOther
}
