import { readdirSync, readFileSync } from 'node:fs'

/** A test, or a group of tests, as its source names it. */
export interface TestTitle {
  /** From the root of the repository. */
  file: string
  title: string
}

/** `it(`, `describe.each(` and the like, and the `rule(` of the matrix. */
const CALL = /(?<![\w.$'"`])(?:it|test|describe|rule)((?:\.\w+)*)\(/g

/** What makes a test out of values comes first, in parentheses of its own, and the title in the next. */
const OF_VALUES = /\.(each|for|skipIf|runIf)$/

const TITLE = /^\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/

/** The titles of all tests, in order of their files and places. What a title takes from a value is shown as …. */
export function testTitles(): TestTitle[] {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  return files
    .map((file) => `test/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts') && !file.startsWith('test/conformance/'))
    .sort()
    .flatMap((file) => titlesIn(readFileSync(file, 'utf8')).map((title) => ({ file, title })))
}

export function titlesIn(source: string): string[] {
  return [...source.matchAll(CALL)].flatMap((call) => {
    const [text, modifiers = ''] = call
    let rest = source.slice(call.index + text.length)
    if (OF_VALUES.test(modifiers)) rest = rest.slice(rest.search(/\)\(\s*['"`]/) + 2)
    const [, , title] = TITLE.exec(rest) ?? []
    return title === undefined ? [] : [plain(title)]
  })
}

function plain(title: string): string {
  return title.replaceAll(/\$\{[^}]*\}/g, '…').replaceAll(/\\(.)/g, '$1')
}
