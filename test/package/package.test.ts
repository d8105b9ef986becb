import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run, Tarball } from './consumer-project.ts'

const tsc = resolve('node_modules/typescript/bin/tsc')

const readJson = async (file: string) => JSON.parse(await readFile(file, 'utf8'))

/** With the types of those that have none of their own. */
const FRAMEWORKS = [
  ...['express', '@types/express', 'fastify', 'hono', 'koa', '@types/koa'],
  ...['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'],
]

let tarball: Tarball
/** Has the package and nothing else: not even `@prisma/client`. */
let bare: string
/** Has the package beside Prisma and a driver adapter, as an application would. */
let application: string

beforeAll(async () => {
  tarball = await Tarball.pack()
  bare = await tarball.install('bare', '--omit=peer')
  const asHere = ['@prisma/client', '@prisma/adapter-pg', ...FRAMEWORKS].map(async (name) => {
    return `${name}@${(await readJson(`node_modules/${name}/package.json`)).version}`
  })
  application = await tarball.install('application', ...(await Promise.all(asHere)))
  await cp('generated/postgres', join(application, 'generated/prisma'), { recursive: true })
})

afterAll(() => tarball?.remove())

describe('the tarball', () => {
  const installed = (...path: string[]) => join(bare, 'node_modules/prisma-extension-branches', ...path)
  const filesIn = async (...path: string[]) => (await readdir(installed(...path), { recursive: true })).sort()

  test('holds what is needed, and nothing else', async () => {
    const expected = ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'src']
    expect((await readdir(installed())).sort()).toEqual(expected)
  })

  test('holds every module of src, built, and no stale one', async () => {
    const sources = await filesIn('src')
    expect(sources).toEqual((await readdir('src', { recursive: true })).sort())
    const built = (await filesIn('dist')).filter((file) => file.endsWith('.js'))
    const modules = sources.filter((file) => file.endsWith('.ts'))
    expect(built).toEqual(modules.map((file) => file.replace(/\.ts$/, '.js')))
  })

  test('has source maps that lead to its src', async () => {
    const maps = (await filesIn('dist')).filter((file) => file.endsWith('.map'))
    expect(maps).not.toEqual([])
    for (const map of maps) {
      const { sources } = await readJson(installed('dist', map))
      for (const source of sources) await readFile(installed('dist', dirname(map), source))
    }
  })

  test('depends on nothing but its peer, and on frameworks only where they are used', async () => {
    const manifest = await readJson(installed('package.json'))
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = manifest
    expect({ dependencies, optionalDependencies }).toEqual({})
    const optional = Object.entries(peerDependenciesMeta).map(([name, meta]) => {
      expect(meta).toEqual({ optional: true })
      return name
    })
    expect(Object.keys(peerDependencies).sort()).toEqual(['@prisma/client', ...optional].sort())
    expect(peerDependencies['@prisma/client']).toBe('^7')
  })
})

describe('plain node', () => {
  const expected = {
    root: [
      'AcquireTimeoutError',
      'BranchError',
      'BranchFactoryError',
      'BranchInTransactionError',
      'BranchRequiredError',
      'CloseTimeoutError',
      'ClosedWhileConnectingError',
      'DrainTimeoutError',
      'InvalidBranchNameError',
      'InvalidCallbackError',
      'InvalidDatasourceUrlError',
      'InvalidOptionError',
      'MissingOnBranchError',
      'MixedTransactionError',
      'PinnedSchemaError',
      'ProbeTimeoutError',
      'UnknownBranchError',
      'WrongSchemaError',
      'branches',
      'persistentAdapter',
    ],
    postgres: ['schemaAdapter', 'schemaUrl'],
    error: {
      name: 'InvalidOptionError',
      code: 'BRANCH_INVALID_OPTION',
      message: 'maxAge must be a number of milliseconds of 0 or more, or Infinity, got "60s"',
      typed: true,
    },
    url: 'postgresql://localhost/app?schema=branch_a&options=-c%20search_path%3D%22branch_a%22',
  }
  const report = async (project: string, script: string) => {
    // Node releases that find require() of ESM experimental say so on stderr, which is fine.
    return JSON.parse((await run(project, process.execPath, [script])).stdout)
  }

  const scripts = [
    ['imports', 'imports.mjs'],
    ['requires', 'requires.cjs'],
  ] as const

  test.each(scripts)('%s it', async (_, script) => {
    expect(await report(application, script)).toEqual(expected)
  })

  test.each(['imports.mjs', 'requires.cjs'])(
    '%s it without loading pg, an adapter or @prisma/client',
    async (script) => {
      const modules = (await readdir(join(bare, 'node_modules'))).filter((name) => !name.startsWith('.'))
      expect(modules).toEqual(['prisma-extension-branches'])
      expect(await report(bare, script)).toEqual(expected)
    },
  )

  const importIn = (project: string, subpath: string) => {
    const script = `console.log(Object.keys(await import('prisma-extension-branches/${subpath}')).sort().join())`
    return run(project, process.execPath, ['--input-type=module', '--eval', script])
  }

  test.each([
    ['express', 'branchMiddleware,fromRequest'],
    ['fastify', 'branchPlugin,fromRequest'],
    ['fetch', 'branchHandler,fromRequest'],
    ['hono', 'branchMiddleware,fromRequest'],
    ['koa', 'branchMiddleware,fromRequest'],
  ])('imports the middleware for %s without loading it', async (subpath, exported) => {
    expect((await importIn(bare, subpath)).stdout.trim()).toBe(exported)
  })

  test('loads @nestjs/common for its module alone', async () => {
    await expect(importIn(bare, 'nestjs')).rejects.toThrow("Cannot find package '@nestjs/common'")
  })

  test('has one copy of it, required or imported', async () => {
    expect(await report(application, 'both.cjs')).toEqual({ same: true })
  })
})

describe('TypeScript', () => {
  const compile = async (name: string, compilerOptions: object, ...files: string[]) => {
    const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }
    const common = { ...strict, target: 'ES2022', noEmit: true, skipLibCheck: false, allowImportingTsExtensions: true }
    const config = { compilerOptions: { ...common, ...compilerOptions }, files }
    await writeFile(join(application, `tsconfig.${name}.json`), JSON.stringify(config))
    await run(application, process.execPath, [tsc, '-p', `tsconfig.${name}.json`])
  }

  test('compiles with module: nodenext, imported and required', async () => {
    await compile('nodenext', { module: 'NodeNext', types: ['node'] }, 'usage.ts', 'usage.cts')
  })

  test('lets an extended client be exported from a module with declarations', async () => {
    await compile('declaration', { module: 'NodeNext', types: ['node'], declaration: true }, 'usage.ts')
  })

  test('compiles with every framework', async () => {
    // The types of the frameworks themselves are not ours to check.
    const decorators = { experimentalDecorators: true, emitDecoratorMetadata: true }
    const options = { module: 'NodeNext', types: ['node'], skipLibCheck: true, ...decorators }
    await compile('frameworks', options, 'frameworks.ts')
  })

  test('compiles with moduleResolution: bundler', async () => {
    await compile('bundler', { module: 'ESNext', moduleResolution: 'bundler', types: ['node'] }, 'usage.ts')
  })

  test("does not need Node's types", async () => {
    const lib = ['ES2022', 'ESNext.Disposable']
    await writeFile(join(application, 'alone.ts'), "export * from 'prisma-extension-branches'\n")
    await compile('alone', { module: 'NodeNext', types: [], lib }, 'alone.ts')
  })
})
