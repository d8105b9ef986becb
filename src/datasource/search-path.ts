/** PostgreSQL cuts longer identifiers, so that two could become one. In bytes. */
export const LONGEST_IDENTIFIER = 63

/** As an identifier in SQL. The name must have no double quote in it. */
function quote(identifier: string): string {
  return `"${identifier}"`
}

const ITEM = /\s*(?:"(?<quoted>(?:""|[^"])*)"|(?<bare>[^\s,"][^\s,]*))\s*(?<end>,|$)/y

/**
 * The names in a `search_path`, as PostgreSQL reads them: those without quotes are in lower case.
 *
 * @returns undefined for what PostgreSQL would not take
 */
export function parseSearchPath(text: string): string[] | undefined {
  if (text.trim() === '') return []
  const names: string[] = []
  ITEM.lastIndex = 0
  for (;;) {
    const { quoted, bare = '', end } = ITEM.exec(text)?.groups ?? {}
    if (end === undefined) return undefined
    names.push(quoted?.replaceAll('""', '"') ?? bare.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))
    if (end === '') return names
  }
}

/** The schemas as the value of `search_path`. */
export function formatSearchPath(schemas: readonly string[]): string {
  return schemas.map(quote).join(',')
}
