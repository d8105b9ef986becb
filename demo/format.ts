export function count(number: number, noun?: string): string {
  const digits = number.toLocaleString('en')
  return noun === undefined ? digits : `${digits} ${noun}${number === 1 ? '' : 's'}`
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`
}

/** How often each text occurs, the most frequent first. */
export function tally(texts: Iterable<string>): [text: string, times: number][] {
  const times = new Map<string, number>()
  for (const text of texts) times.set(text, (times.get(text) ?? 0) + 1)
  return [...times].sort(([, a], [, b]) => b - a)
}
