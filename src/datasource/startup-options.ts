/** What a URL's `options` set when a session begins. */
export interface StartupOptions {
  /** The value of `search_path`, the last if there are several. */
  readonly searchPath?: string
  /** All other options, as they are written. */
  readonly others: string
}

interface Word {
  readonly written: string
  /** Without the backslashes that escape. */
  readonly meant: string
}

/** The server's own options of one letter that are followed by a value (postgres.c, process_postgres_switches). */
const WITH_VALUE = 'BCDNSWcdfhkprtv-'

/** @returns undefined for what this does not understand well enough to take the `search_path` out of it */
export function readStartupOptions(options: string): StartupOptions | undefined {
  const words = [...options.matchAll(/(?:\\.|[^\s\\])+/gs)].map(([written]): Word => {
    return { written, meant: written.replace(/\\(.)/gs, '$1') }
  })
  const others: string[] = []
  let searchPath: string | undefined
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const letters = /^-(.*)$/s.exec(word.meant)?.[1]
    if (!letters) return undefined
    const at = [...letters].findIndex((letter) => WITH_VALUE.includes(letter))
    const inNext = at === letters.length - 1 && at >= 0
    const value = inNext ? words[0]?.meant : letters.slice(at + 1)
    const [, name, setting] = /^([^=]*)=(.*)$/s.exec(value ?? '') ?? []
    const isSetting = at >= 0 && 'c-'.includes(letters[at] as string)
    if (isSetting && name !== undefined && /^search[_-]path$/i.test(name)) {
      // One that hides behind other letters cannot be taken out without them.
      if (at > 0) return undefined
      searchPath = setting
      if (inNext) words.shift()
      continue
    }
    others.push(word.written)
    const next = inNext ? words.shift() : undefined
    if (next !== undefined) others.push(next.written)
  }
  return { others: others.join(' '), ...(searchPath === undefined ? {} : { searchPath }) }
}

/** In options, white space separates and a backslash escapes. */
export function escapeOption(value: string): string {
  return value.replace(/[\s\\]/g, '\\$&')
}
