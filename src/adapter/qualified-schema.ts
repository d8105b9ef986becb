/**
 * Finds the first of `schemas` that a statement of PostgreSQL qualifies a table or type with, in double quotes as Prisma
 * writes them: `"public"."User"`. What is in a string, a comment or another identifier does not count, nor does a table or
 * a column of that name.
 *
 * A statement without the name in it costs one search for each schema; only one with it is read.
 */
export function schemaFinder(schemas: Iterable<string>): (sql: string) => string | undefined {
  const wanted = [...schemas].map((schema) => {
    const identifier = `"${schema.replaceAll('"', '""')}"`
    // Without its first quote, of which a statement is full, it is found faster.
    return { schema, identifier, rest: identifier.slice(1) }
  })
  return (sql) => {
    for (const { schema, identifier, rest } of wanted) {
      if (sql.includes(rest) && qualifies(sql, identifier)) return schema
    }
    return undefined
  }
}

/** What is one to PostgreSQL's reader, as far as it matters where a quoted identifier may begin. */
const TOKENS =
  /(?<identifier>"(?:[^"]|"")*"?)|(?<dot>\.)|\be'(?:[^'\\]|\\.|'')*'?|'(?:[^']|'')*'?|--[^\n]*|(?<comment>\/\*)|(?<tag>\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*|\s+|./gisy

function qualifies(sql: string, identifier: string): boolean {
  // The one before, and whether a dot was before that.
  let candidate = false
  let afterDot = false
  TOKENS.lastIndex = 0
  for (let match = TOKENS.exec(sql); match !== null; match = TOKENS.exec(sql)) {
    const [token] = match
    const { identifier: quoted, dot, comment, tag } = match.groups ?? {}
    if (comment !== undefined) {
      TOKENS.lastIndex = endOfComment(sql, match.index)
      continue
    }
    if (token.startsWith('--') || token.trim() === '') continue
    if (dot !== undefined && candidate) return true
    candidate = quoted === identifier && !afterDot
    afterDot = dot !== undefined
    if (tag !== undefined) {
      const end = sql.indexOf(tag, TOKENS.lastIndex)
      TOKENS.lastIndex = end < 0 ? sql.length : end + tag.length
    }
  }
  return false
}

/** Comments of PostgreSQL may be in one another. */
function endOfComment(sql: string, start: number): number {
  const ends = /\/\*|\*\//g
  ends.lastIndex = start
  let depth = 0
  for (let match = ends.exec(sql); match !== null; match = ends.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return ends.lastIndex
  }
  return sql.length
}
