import { decodeWhereEncoded } from '../datasource/percent.ts'

/** A cookie that names a branch. `path` and `domain` are those that it was set with: it is only cleared with the same. */
export interface BranchCookie {
  name: string
  /** Default: `/`. */
  path?: string | undefined
  domain?: string | undefined
}

/** The value of a cookie in a `Cookie` header, the first if there are several; `undefined` if it is not there. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=')
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue
    const value = pair.slice(equals + 1).trim()
    return decodeWhereEncoded(/^".*"$/.test(value) ? value.slice(1, -1) : value)
  }
  return undefined
}

/** The `Set-Cookie` header that takes a cookie away. */
export function clearCookie({ name, path = '/', domain }: BranchCookie): string {
  const scope = domain === undefined ? `Path=${path}` : `Path=${path}; Domain=${domain}`
  // Browsers take a cookie with such a name from nobody but who calls it secure.
  const secure = /^__(Host|Secure)-/i.test(name) ? '; Secure' : ''
  return `${name}=; ${scope}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${secure}`
}
