/**
 * The value of a `Vary` header with these fields in it: what the response depends on, for caches that several share.
 *
 * @param given what the header says already, by whoever made the response
 */
export function mergeVary(
  given: number | string | readonly string[] | null | undefined,
  fields: readonly string[],
): string {
  const named = String(given ?? '')
    .split(',')
    .map((field) => field.trim())
    .filter((field) => field !== '')
  for (const field of fields) {
    if (!named.some((name) => name.toLowerCase() === field.toLowerCase())) named.push(field)
  }
  return named.includes('*') ? '*' : named.join(', ')
}
