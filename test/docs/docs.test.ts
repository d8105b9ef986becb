import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as api from '../../src/index.ts'
import { CAP_OPTION_NAMES, POOL_OPTION_NAMES } from '../../src/settings.ts'
import { anchorsOf, type Document, document, documents, linksOf, README } from './documents.ts'
import { compile, snippetsOf } from './snippets.ts'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const readme = document(README)
const options = document('docs/options.md')
const errors = document('docs/errors.md')

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

/** What the documents say in each `sh` snippet. */
function commandsOf(document: Document): string[] {
  return snippetsOf(document)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.split('\n'))
}

describe('snippets', () => {
  test.each(documents)('of $file are all found, and each says its language', (document) => {
    const snippets = snippetsOf(document)
    expect(snippets).toHaveLength((document.text.match(/^ *```/gm)?.length ?? 0) / 2)
    expect(snippets.filter(({ language }) => language === '')).toEqual([])
  })

  test('in TypeScript compile', async () => {
    expect(await compile(documents)).toEqual([])
  })

  test('that do not compile are reported by the lines of their document', async () => {
    const text = '# Broken\n\n```ts\nprisma.$branch(42)\n```\n'
    const findings = await compile([{ file: 'docs/broken.md', text }])
    expect(findings).toEqual([expect.stringMatching(/^docs\/broken\.md\(4,16\): error TS2345/)])
  })

  test.each(documents)('of $file import packages that it, or the README, says to install', (document) => {
    const installed = [...commandsOf(readme), ...commandsOf(document)]
      .filter((command) => command.startsWith('npm install '))
      .flatMap((command) => command.split(' '))
    const imported = snippetsOf(document)
      .filter(({ language }) => language === 'ts')
      .flatMap(({ code }) => Array.from(code.matchAll(/(?:from|import) '([^'.][^']*)'/g), ([, name = '']) => name))
      .filter((name) => !name.startsWith('node:'))
      .map((name) => (/^@[^/]+\/[^/]+|^[^/]+/.exec(name) ?? [''])[0])
    expect(imported.filter((name) => !installed.includes(name))).toEqual([])
  })

  test.each(documents)('of $file run scripts that there are', (document) => {
    const scripts = Array.from(document.text.matchAll(/\bnpm run ([\w:-]+)/g), ([, name = '']) => name)
    expect(scripts.filter((name) => !(name in manifest.scripts))).toEqual([])
  })
})

describe('links', () => {
  test.each(documents)('of $file lead to files and headings that there are', (document) => {
    const broken = linksOf(document).filter(({ file, anchor }) => {
      if (!existsSync(file)) return true
      const target = documents.find((candidate) => candidate.file === file)
      return anchor !== undefined && target !== undefined && !anchorsOf(target).includes(anchor)
    })
    expect(broken).toEqual([])
  })

  test('lead from the README to every other document', () => {
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
    const names = ['url', 'adapter', 'client', ...POOL_OPTION_NAMES, ...CAP_OPTION_NAMES]
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
    expect(all(variable, ...documents.map(({ text }) => text))).toEqual(all(variable, src))
  })

  test('document the error codes of src, and no others', () => {
    const code = /\bBRANCH_[A-Z_]+\b/g
    expect(all(code, errors.text)).toEqual(all(code, src))
    expect(all(code, ...documents.map(({ text }) => text))).toEqual(all(code, src))
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
