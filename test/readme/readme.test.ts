import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CAP_OPTION_NAMES, POOL_OPTION_NAMES } from '../../src/settings/settings.ts'
import { compile, snippetsOf } from './snippets.ts'

const README = 'README.md'
if (!existsSync(README)) throw new Error(`${README} is missing: what it must say is tested here`)
const readme = readFileSync(README, 'utf8')

const src = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join('src', file), 'utf8'))
  .join('\n')

/** The different matches, sorted. */
function all(pattern: RegExp, text: string): string[] {
  return [...new Set(text.match(pattern))].sort()
}

function missing(texts: string[]): string[] {
  return texts.filter((text) => !readme.includes(text))
}

describe('snippets', () => {
  const snippets = snippetsOf(readme)

  test('are all found, and each says its language', () => {
    expect(snippets).toHaveLength((readme.match(/^ *```/gm)?.length ?? 0) / 2)
    expect(snippets.filter(({ language }) => language === '')).toEqual([])
  })

  test('in TypeScript compile', async () => {
    const typescript = snippets.filter(({ language }) => language === 'ts')
    expect(typescript).not.toEqual([])
    expect(await compile(typescript, README)).toEqual([])
  })
})

describe('the README', () => {
  test('gives both commands', () => {
    expect(missing(['npm ci && npm run demo', 'npm ci && npm test'])).toEqual([])
  })

  test('needs at most ten lines for each framework', () => {
    const [, requests = ''] = /^## Requests and jobs\n(.*?)^## /ms.exec(readme) ?? []
    const sections = requests.split(/^### /m).slice(1)
    const lines = sections.map((section) => {
      const [title = '', ...text] = section.trim().split('\n')
      return [title, text.join('\n').trim().split('\n').length] as const
    })
    const frameworks = lines.filter(([title]) => !['Jobs and scripts', 'Shutdown'].includes(title))
    expect(frameworks).toHaveLength(5)
    expect(frameworks.filter(([, length]) => length > 10)).toEqual([])
  })

  test('documents every option', () => {
    const options = ['url', 'adapter', 'client', ...POOL_OPTION_NAMES, ...CAP_OPTION_NAMES]
    expect(missing(options.map((name) => `\`${name}\``))).toEqual([])
  })

  test('documents the environment variables of src, and no others', () => {
    const variable = /\b(?:DB_CONN_[A-Z_]+|DATABASE_BRANCH_URL)\b/g
    expect(all(variable, readme)).toEqual(all(variable, src))
  })

  test('documents the error codes of src, and no others', () => {
    const code = /\bBRANCH_[A-Z_]+\b/g
    expect(all(code, readme)).toEqual(all(code, src))
  })
})
