import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/** A fenced block of a Markdown file. */
export interface Snippet {
  language: string
  code: string
  /** The line on which the code begins, counted from 1. */
  line: number
}

export function snippetsOf(markdown: string): Snippet[] {
  const blocks = markdown.matchAll(/^(?<indent> *)```(?<language>[\w-]*)[^\n]*\n(?<code>[\s\S]*?)^\k<indent>```\s*$/gm)
  return Array.from(blocks, ({ index, groups }) => {
    const { language = '', code = '' } = groups ?? {}
    return { language, code, line: markdown.slice(0, index).split('\n').length + 1 }
  })
}

const DIRECTORY = 'generated/readme'
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
  include: ['.', '../../test/readme/prelude.ts'],
  exclude: [],
}

/**
 * Compiles each snippet as a module of its own, beside a generated client in `./generated/prisma/`.
 *
 * @returns what the compiler found, by the lines of the Markdown file
 */
export async function compile(snippets: Snippet[], markdownFile: string): Promise<string[]> {
  const write = async (name: string, text: string) => {
    const file = join(DIRECTORY, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  await rm(DIRECTORY, { recursive: true, force: true })
  await write('tsconfig.json', JSON.stringify(tsconfig))
  await write(CLIENT, "export * from '../../../postgres/client.ts'\n")
  for (const { code, line } of snippets) {
    // As far down as in the Markdown file, so that errors name its lines; and a module, whatever is in it.
    await write(`snippet-${line}.ts`, `${'\n'.repeat(line - 1)}${code}\nexport {}\n`)
  }
  const output = await tsc(['-p', DIRECTORY, '--pretty', 'false'])
  return output
    .replaceAll(/^.*snippet-\d+\.ts/gm, markdownFile)
    .split('\n')
    .filter(Boolean)
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
