import { describe } from '../settings/describe.ts'
import { InvalidBranchNameError, InvalidDatasourceUrlError } from '../settings/errors.ts'

/** PostgreSQL cuts longer identifiers, so that two branches could become one. */
const LONGEST_IDENTIFIER = 63

/**
 * The datasource URL of a schema: `baseUrl` with every parameter it has (rule B6), with `schema` for the adapter's
 * option of that name, and with a `search_path` of this schema alone, so that raw SQL in a branch that was dropped fails
 * instead of reading `public` (rule B4). The name is checked, quoted and encoded: one that came from outside injects
 * nothing.
 *
 * Use `schemaAdapter` with it: Prisma 7 does not read `schema` from the URL by itself.
 *
 * @throws {InvalidBranchNameError} on a schema name that PostgreSQL would not take, or would take for another
 * @throws {InvalidDatasourceUrlError} if `baseUrl` does not parse
 */
export function schemaUrl(baseUrl: string, schema: string): string {
  checkSchemaName(schema)
  const url = parsePostgresUrl(baseUrl)
  url.searchParams.set('schema', schema)
  const others = url.searchParams.get('options')?.replace(SEARCH_PATH_OPTION, '').trim()
  const searchPath = `-c search_path=${escapeOption(quote(schema))}`
  url.searchParams.set('options', others ? `${others} ${searchPath}` : searchPath)
  // URLSearchParams writes a space as +, which drivers other than node-postgres do not read back.
  url.search = url.search.replaceAll('+', '%20')
  return url.href
}

/** As an identifier in SQL. */
export function quote(schema: string): string {
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

/** @throws {InvalidDatasourceUrlError} */
export function parsePostgresUrl(url: unknown): URL {
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
