import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { PATIENCE } from '../../kit/patience.ts'

/** A TypeScript program in a process of its own. It is gone when the test is over. */
export class ChildProgram {
  readonly #child: ChildProcess
  readonly #exit: Promise<[code: number | null, signal: NodeJS.Signals | null]>
  #output = ''

  /** @param preloaded what is imported before the program */
  constructor(file: string, env: Record<string, string>, preloaded: readonly string[] = []) {
    // Otherwise Prisma takes a stack trace at every call.
    const environment = { ...process.env, NODE_ENV: 'production', ...env }
    this.#child = spawn(process.execPath, [...['tsx', ...preloaded].flatMap((name) => ['--import', name]), file], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#exit = once(this.#child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output += chunk
      })
    }
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  /** What it has written by now, to both streams. */
  get output(): string {
    return this.#output
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The first match in a line that it writes. Rejects if it ends before, or takes too long. */
  async says(pattern: RegExp): Promise<string> {
    const { stdout } = this.#child
    if (stdout === null) throw new Error('It has no stdout')
    const match = new Promise<string>((resolve) => {
      createInterface({ input: stdout }).on('line', (line) => {
        const found = pattern.exec(line)?.[0]
        if (found !== undefined) resolve(found)
      })
    })
    const said = await Promise.race([match, this.#exit.then(() => undefined), patience()])
    if (said === undefined) throw new Error(`It did not say ${pattern}, but:\n${this.#output}`)
    return said
  }

  /** Its exit code, or the signal that ended it. */
  async exit(): Promise<number | NodeJS.Signals | null> {
    const exit = await Promise.race([this.#exit, patience()])
    if (exit === undefined) throw new Error(`It did not end within ${PATIENCE} ms:\n${this.#output}`)
    return exit[0] ?? exit[1]
  }
}

function patience(): Promise<undefined> {
  return delay(PATIENCE, undefined, { ref: false })
}
