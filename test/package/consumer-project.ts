import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const runFile = promisify(execFile)

export interface Output {
  stdout: string
  stderr: string
}

/** Runs a program to its end. If it fails, what it printed is in the error: compilers print their findings on stdout. */
export async function run(cwd: string, program: string, args: string[]): Promise<Output> {
  try {
    return await runFile(program, args, { cwd })
  } catch (error) {
    const { stdout, stderr } = error as Output
    throw new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error })
  }
}

/** The tarball that would be published, and projects that install it. */
export class Tarball {
  readonly #directory: string
  readonly #file: string

  private constructor(directory: string, file: string) {
    this.#directory = directory
    this.#file = file
  }

  static async pack(): Promise<Tarball> {
    // Outside of this project: nothing may be found in a node_modules further up.
    const directory = await mkdtemp(join(tmpdir(), 'prisma-branches-package-'))
    await run('.', 'npm', ['pack', '--pack-destination', directory])
    const file = (await readdir(directory)).find((name) => name.endsWith('.tgz'))
    if (file === undefined) throw new Error('npm pack made no tarball')
    return new Tarball(directory, join(directory, file))
  }

  /** A project with the files of `consumer/`, and this package in its node_modules; returns its directory. */
  async install(name: string, ...args: string[]): Promise<string> {
    const project = join(this.#directory, name)
    await mkdir(project)
    await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
    await run(project, 'npm', ['install', this.#file, ...args, ...flags])
    await cp(resolve('test/package/consumer'), project, { recursive: true })
    return project
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
  }
}
