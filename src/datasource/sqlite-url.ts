import { realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, normalize, sep } from 'node:path'
import type { DatasourceIdentity } from './datasource-identity.ts'
import { UnreadableUrl } from './url-parts.ts'

/**
 * What libsql, better-sqlite3 and SQLite itself read alike: they differ on percent signs, on `?` and `#`, on white space at
 * the ends, on a host, on the case of the scheme, on a path that ends as one of a directory, and on one that looks like a
 * URL itself.
 */
const PLAIN =
  /^file:(?:\/\/(?=\/))?(?!:memory:$|[a-z][a-z0-9+.-]+:|\s|\/\/[^/]|(?:.*\/)?\.{0,2}$)(?<path>[^%?#]*[^%?#\s])$/s

/**
 * The spellings of one file have one key: relative to the working directory of this moment, or through a symbolic link.
 * (Not known as one: hard links, and, on a file system that ignores case, names of a file that does not exist yet.) Where
 * drivers differ on what a spelling means, it is its own key, as is a database in memory.
 */
export function identifySqlite(text: string): DatasourceIdentity {
  if (text.includes('\0')) throw new UnreadableUrl('it has a zero byte in it')
  const path = PLAIN.exec(text)?.groups?.path
  // What comes after a question mark may be a token, and what comes before an @ a password.
  const label = text.replace(/\?.*$/s, '').replace(/^file:\/\/[^/]*@/i, 'file://')
  if (path !== undefined) return { key: `file\0${realPath(path)}`, label }
  const relative = !/^(?:file:)?(?:\/|:memory:)/i.test(text)
  return { key: relative ? `${text}\0${process.cwd()}` : text, label }
}

/** Of a file that need not exist. Not simply `resolve()`: `..` after a symbolic link goes up from where that leads. */
function realPath(path: string): string {
  const absolute = isAbsolute(path) ? path : process.cwd() + sep + path
  // The deepest folder that exists: what is made below it later is no link, and changes nothing.
  const missing: string[] = []
  for (let folder = absolute; ; folder = dirname(folder)) {
    const real = existing(folder)
    if (real !== undefined) return missing.includes('..') ? absolute : join(real, ...missing)
    if (folder === dirname(folder)) return missing.includes('..') ? absolute : normalize(absolute)
    missing.unshift(basename(folder))
  }
}

function existing(path: string): string | undefined {
  try {
    return realpathSync.native(path)
  } catch {
    return undefined
  }
}
