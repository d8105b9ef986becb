import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as api from '../../src/index.ts'
import { CAP_OPTION_NAMES, CLIENT_OPTION_NAMES, POOL_OPTION_NAMES } from '../../src/settings/settings.ts'
import { anchorsOf, type Document, document, documents, linksOf, README } from './documents.ts'
import { compile, snippetsOf } from './snippets.ts'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const readme = document(README)
const options = document('docs/options.md')
const errors = document('docs/errors.md')

/** All but the history, which may name what is no more. */
const present = documents.filter(({ file }) => file !== 'CHANGELOG.md')

const src = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join('src', file), 'utf8'))
  .join('\n')

/** The different matches, sorted. */
function all(pattern: RegExp, ...texts: string[]): string[] {
  return [...new Set(texts.flatMap((text) => text.match(pattern) ?? []))].sort()
}

function missing(texts: string[], { text }: Document): string[] {
  return texts.filter((part) => !text.includes(part))
}

/** What is wrong with each document, under its name. */
function findings(check: (document: Document) => unknown[]): Record<string, unknown[]> {
  const checked = documents.map((document) => [document.file, check(document)] as const)
  return Object.fromEntries(checked.filter(([, found]) => found.length > 0))
}

/** The lines of each `sh` snippet. */
function commandsOf(document: Document): string[] {
  return snippetsOf(document)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.split('\n'))
}

describe('snippets', () => {
  test('are all found, and each says its language', () => {
    const fences = documents.flatMap(({ text }) => text.match(/^ *```/gm) ?? [])
    expect(documents.flatMap(snippetsOf)).toHaveLength(fences.length / 2)
    expect(findings((document) => snippetsOf(document).filter(({ language }) => language === ''))).toEqual({})
  })

  test('in TypeScript compile', async () => {
    expect(await compile(documents)).toEqual([])
  })

  test('that do not compile are reported by the lines of their document', async () => {
    const text = '# Broken\n\n```ts\nprisma.$branch(42)\n```\n'
    const found = await compile([{ file: 'docs/broken.md', text }])
    expect(found).toEqual([expect.stringMatching(/^docs\/broken\.md\(4,16\): error TS2345/)])
  })

  test('in JSON parse', () => {
    for (const { code } of documents.flatMap(snippetsOf).filter(({ language }) => language === 'json')) JSON.parse(code)
  })

  test('import packages that their document, or the README, says to install', () => {
    const notInstalled = findings((document) => {
      const installed = [...commandsOf(readme), ...commandsOf(document)]
        .filter((command) => command.startsWith('npm install '))
        .flatMap((command) => command.split(' '))
      const imported = snippetsOf(document)
        .filter(({ language }) => language === 'ts')
        .flatMap(({ code }) => Array.from(code.matchAll(/(?:from|import) '([^'.][^']*)'/g), ([, name = '']) => name))
        .filter((name) => !name.startsWith('node:'))
        .map((name) => (/^@[^/]+\/[^/]+|^[^/]+/.exec(name) ?? [''])[0])
      return imported.filter((name) => !installed.includes(name))
    })
    expect(notInstalled).toEqual({})
  })
})

describe('the documents', () => {
  test('name scripts that there are', () => {
    const unknown = findings(({ text }) => {
      const scripts = Array.from(text.matchAll(/\bnpm run ([\w:-]+)/g), ([, name = '']) => name)
      return scripts.filter((name) => !(name in manifest.scripts))
    })
    expect(unknown).toEqual({})
  })

  test('link to files and headings that there are', () => {
    const broken = findings((document) =>
      linksOf(document).filter(({ file, anchor }) => {
        if (!existsSync(file)) return true
        const target = documents.find((candidate) => candidate.file === file)
        return anchor !== undefined && target !== undefined && !anchorsOf(target).includes(anchor)
      }),
    )
    expect(broken).toEqual({})
  })

  test('are all to be found by links from the README', () => {
    const reached = new Set([README])
    for (const file of reached) {
      const found = documents.find((candidate) => candidate.file === file)
      for (const link of found === undefined ? [] : linksOf(found)) reached.add(link.file)
    }
    expect(documents.map(({ file }) => file).filter((file) => !reached.has(file))).toEqual([])
  })
})

describe('the README', () => {
  test('has at most 200 lines', () => {
    expect(readme.text.split('\n').length).toBeLessThanOrEqual(200)
  })

  test('gives both commands', () => {
    expect(missing(['npm ci && npm run demo', 'npm ci && npm test'], readme)).toEqual([])
  })
})

test('CONTRIBUTING has each folder of src in its picture of the layers', () => {
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const names = folders.map(({ name }) => `\n  ${name}/ `)
  expect(missing(names, document('CONTRIBUTING.md'))).toEqual([])
})

describe('the guides', () => {
  const frameworks = documents.filter(({ file }) => /^docs\/frameworks\/(?!README)/.test(file))

  test('name every entry of the package', () => {
    const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json')
    const text = documents.map((document) => document.text).join('\n')
    const names = entries.map((entry) => `'prisma-extension-branches${entry.slice(1)}'`)
    expect(names.filter((name) => !text.includes(name))).toEqual([])
  })

  test.each(frameworks)('$file needs at most ten lines to set its middleware up', (document) => {
    const [first] = snippetsOf(document).filter(({ language }) => language === 'ts')
    expect(first?.code.trim().split('\n').length).toBeLessThanOrEqual(10)
  })

  test('document every option', () => {
    const names = ['url', 'adapter', 'client', ...POOL_OPTION_NAMES, ...CAP_OPTION_NAMES, ...CLIENT_OPTION_NAMES]
    expect(
      missing(
        names.map((name) => `\`${name}\``),
        options,
      ),
    ).toEqual([])
  })

  test('document the environment variables of src, and no others', () => {
    const variable = /\b(?:DB_(?:CONN|BRANCH)_[A-Z_]+|DATABASE_BRANCH_URL)\b/g
    expect(all(variable, options.text)).toEqual(all(variable, src))
    expect(all(variable, ...present.map(({ text }) => text))).toEqual(all(variable, src))
  })

  test('document the error codes of src, and no others', () => {
    const code = /\bBRANCH_[A-Z_]+\b/g
    expect(all(code, errors.text)).toEqual(all(code, src))
    expect(all(code, ...present.map(({ text }) => text))).toEqual(all(code, src))
  })

  test('document every error class', () => {
    const classes = Object.keys(api).filter((name) => name.endsWith('Error'))
    expect(
      missing(
        classes.map((name) => `\`${name}\``),
        errors,
      ),
    ).toEqual([])
  })
})
