import { cpSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { temporaryDirectory } from './pool-bench.ts'

/** What a copy of the package exports, of all that the tests of copies use. */
export type Copy = typeof import('../../src/index.ts') &
  Pick<typeof import('../../src/express.ts'), 'branchMiddleware' | 'fromRequest'> &
  Pick<typeof import('../../src/fastify.ts'), 'branchPlugin'>

const ENTRIES = ['index', 'express', 'fastify']

/** Another copy of the package in this process, as a bundler makes it: one file, whose names are minified. */
export async function minifiedCopy(): Promise<Copy> {
  const file = join(temporaryDirectory(), 'copy.mjs')
  await build({
    stdin: {
      contents: ENTRIES.map((entry) => `export * from ${JSON.stringify(resolve(`src/${entry}.ts`))}`).join('\n'),
      resolveDir: resolve('.'),
    },
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    outfile: file,
    logLevel: 'error',
  })
  return await import(/* @vite-ignore */ pathToFileURL(file).href)
}

/** Another copy of the package in this process, as two versions in node_modules are: the same files at another place. */
export async function copiedCopy(): Promise<Copy> {
  const directory = temporaryDirectory()
  for (const name of readdirSync('src')) cpSync(join('src', name), join(directory, name), { recursive: true })
  const modules = await Promise.all(ENTRIES.map((entry) => import(/* @vite-ignore */ join(directory, `${entry}.ts`))))
  return Object.assign({}, ...modules)
}
