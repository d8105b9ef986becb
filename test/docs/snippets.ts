import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { Document } from './documents.ts'

/** A fenced block of a Markdown file. */
export interface Snippet {
  language: string
  code: string
  /** The line on which the code begins, counted from 1. */
  line: number
  /** Said by its first line, a comment: `// src/db.ts`. Snippets of one document import each other by it. */
  file: string | undefined
}

export function snippetsOf({ text }: Document): Snippet[] {
  const blocks = text.matchAll(/^(?<indent> *)```(?<language>[\w-]*)[^\n]*\n(?<code>[\s\S]*?)^\k<indent>```\s*$/gm)
  return Array.from(blocks, ({ index, groups }) => {
    const { language = '', code = '' } = groups ?? {}
    const [, file] = /^\/\/ (\S+\.\w+)\n/.exec(code) ?? []
    return { language, code, line: text.slice(0, index).split('\n').length + 1, file }
  })
}

const DIRECTORY = 'generated/docs'
/** From a snippet's directory. */
const CLIENT = 'generated/prisma/client.ts'

const tsconfig = {
  extends: '../../tsconfig.json',
  compilerOptions: {
    module: 'ESNext',
    // An application may leave out the extension of the generated client, or write .js or .ts.
    moduleResolution: 'bundler',
    noUnusedLocals: false,
    noUnusedParameters: false,
  },
  include: ['.', '../../test/docs/prelude.ts'],
  exclude: [],
}

/**
 * Compiles the TypeScript snippets of documents, each as a module of its own, beside a generated client in
 * `./generated/prisma/`.
 *
 * @returns what the compiler found, by the lines of the documents
 */
export async function compile(documents: readonly Document[]): Promise<string[]> {
  await rm(DIRECTORY, { recursive: true, force: true })
  await write(join(DIRECTORY, 'tsconfig.json'), JSON.stringify(tsconfig))
  for (const document of documents) {
    const directory = join(DIRECTORY, document.file)
    for (const { code, file, line } of snippetsOf(document).filter(({ language }) => language === 'ts')) {
      const snippet = join(directory, file ?? `snippet-${line}.ts`)
      // As far down as in the Markdown file, so that errors name its lines; and a module, whatever is in it.
      await write(snippet, `${'\n'.repeat(line - 1)}${code}\nexport {}\n`)
      const client = join(dirname(snippet), CLIENT)
      const generated = relative(dirname(client), 'generated/postgres/client.ts').replaceAll('\\', '/')
      await write(client, `export * from '${generated}'\n`)
    }
  }
  const output = await tsc(['-p', DIRECTORY, '--pretty', 'false'])
  return output
    .replaceAll(/^.*generated\/docs\/(.+?\.md)\/[^(]*/gm, '$1')
    .split('\n')
    .filter(Boolean)
}

export async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

function tsc(args: string[]): Promise<string> {
  return new Promise((done, fail) => {
    execFile(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...args], (error, stdout, stderr) => {
      // It exits with an error if it found any, and says so on stdout.
      if (error !== null && stdout === '') fail(new Error(stderr, { cause: error }))
      else done(stdout)
    })
  })
}
