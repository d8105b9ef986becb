import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Runs a script of `scripts/` in a process of its own, whose garbage can be collected, and returns what it printed. */
export async function runScript<T>(script: string, ...args: (string | number)[]): Promise<T> {
  const path = new URL(`../scripts/${script}`, import.meta.url).pathname
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--no-warnings', '--import', 'tsx', path, ...args.map(String)],
    // Otherwise Prisma takes a stack trace at every call.
    { env: { ...process.env, NODE_ENV: 'production' } },
  )
  return JSON.parse(stdout) as T
}
