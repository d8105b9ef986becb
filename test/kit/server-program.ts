import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chownSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A server's program is not installed: what to tell whoever runs the tests. */
export class ServerMissingError extends Error {}

/** Where a program is. Debian keeps servers where an ordinary user's PATH does not look. */
export function findProgram(name: string, hint: string): string {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const path = join(directory, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not there.
    }
  }
  throw new ServerMissingError(hint)
}

/** Servers refuse to run as root. Then they run as `nobody`; otherwise as oneself. */
export function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const entry = readFileSync('/etc/passwd', 'utf8').match(/^nobody:[^:]*:(\d+):(\d+):/m)
  if (entry === null) throw new Error('There is no user nobody to run a server as')
  return { uid: Number(entry[1]), gid: Number(entry[2]) }
}

const running = new Set<ChildProcess>()
const directories = new Set<string>()

// A process that ends before its tests do leaves no server and no directory behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
})

/**
 * A directory that the server's user owns. Not in TMPDIR, which may be closed to that user, and whose path may be too
 * long for a socket.
 */
export function serverDirectory(name: string): string {
  const directory = mkdtempSync(`/tmp/${name}-`)
  directories.add(directory)
  const user = serverUser()
  if (user !== undefined) chownSync(directory, user.uid, user.gid)
  return directory
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** How long a server may take to answer for the first time, and to stop. */
const START_TIMEOUT = 20_000
const STOP_TIMEOUT = 10_000

/** A server's process, as a child of this one. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #output = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#exited = new Promise((resolve) => child.once('exit', resolve))
    running.add(child)
    void this.#exited.then(() => running.delete(child))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output = (this.#output + chunk).slice(-4_000)
      })
    }
  }

  /** Resolves when `answers` does: then the server takes connections. */
  static async start(command: string, args: string[], answers: () => Promise<unknown>): Promise<ServerProcess> {
    const child = spawn(command, args, { ...serverUser(), cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
    await once(child, 'spawn')
    const server = new ServerProcess(child)
    const deadline = performance.now() + START_TIMEOUT
    for (;;) {
      try {
        await answers()
        return server
      } catch (cause) {
        const ended = child.exitCode !== null || child.signalCode !== null
        if (ended || performance.now() > deadline) {
          child.kill('SIGKILL')
          throw new Error(`${command} did not start:\n${server.#output}`, { cause })
        }
        await delay(50)
      }
    }
  }

  /** As its output ends. */
  get output(): string {
    return this.#output
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal)
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT)
    await this.#exited
    clearTimeout(impatience)
  }
}

/** Runs a program to its end, as the server's user. */
export async function runProgram(command: string, args: string[]): Promise<void> {
  const child = spawn(command, args, { ...serverUser(), cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} failed:\n${output.slice(-4_000)}`)
}

export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  directories.delete(directory)
}
