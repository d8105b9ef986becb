import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chownSync, constants, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { constants as osConstants, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
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

/** Whether the servers' user can get to a file or folder: every folder on the way must let others pass. */
export function isOpenToServers(path: string): boolean {
  if (serverUser() === undefined) return true
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

/** Where temporary files are that a server must get to: TMPDIR, unless it is closed to the servers' user. */
export function openTemporaryDirectory(): string {
  return isOpenToServers(tmpdir()) ? tmpdir() : '/tmp'
}

/** What each server gets when this process ends before it. */
const running = new Map<ChildProcess, NodeJS.Signals>()
const directories = new Set<string>()

// A process that ends before its tests do leaves no server and no directory behind.
process.once('exit', () => {
  for (const [child, signal] of running) child.kill(signal)
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Where nobody else hears of it, the signal would end the process without an exit.
    if (process.listenerCount(signal) === 1) process.exit(128 + osConstants.signals[signal])
  })
}

/**
 * A directory that the server's user owns.
 *
 * @param parent by default not TMPDIR, whose path may be too long for a socket
 */
export function serverDirectory(name: string, parent = '/tmp'): string {
  const directory = mkdtempSync(join(parent, `${name}-`))
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

/**
 * Milliseconds that a server may take to answer for the first time, and to stop; and a program to come to its end. Far
 * more than the slowest machine needs: so long and no longer does anybody wait for one that hangs.
 */
const START_TIMEOUT = 120_000
const STOP_TIMEOUT = 60_000

/** Milliseconds for the last output of a server that has not started. */
const LAST_WORDS = 5_000

/** A server's process, as a child of this one. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  /** Exited, and all of its output was read. */
  readonly #closed: Promise<unknown>
  #output = ''

  private constructor(child: ChildProcess, atExit: NodeJS.Signals) {
    this.#child = child
    this.#exited = new Promise((resolve) => child.once('exit', resolve))
    this.#closed = new Promise((resolve) => child.once('close', resolve))
    running.set(child, atExit)
    void this.#exited.then(() => running.delete(child))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output = (this.#output + chunk).slice(-4_000)
      })
    }
  }

  /**
   * Resolves when `answers` does: then the server takes connections.
   *
   * @param atExit what the server is told when this process ends before it
   */
  static async start(
    command: string,
    args: string[],
    answers: () => Promise<unknown>,
    atExit: NodeJS.Signals = 'SIGKILL',
  ): Promise<ServerProcess> {
    const server = new ServerProcess(await spawnAsServer(command, args), atExit)
    try {
      await within(START_TIMEOUT, server.#firstAnswer(answers), 'It did not answer')
      return server
    } catch (cause) {
      server.#child.kill('SIGKILL')
      // What it started itself may go on, and keep its output open.
      await Promise.race([server.#closed, delay(LAST_WORDS, undefined, { ref: false })])
      throw new Error(`${command} did not start. ${messageOf(cause)}\n${server.#output}`, { cause })
    }
  }

  async #firstAnswer(answers: () => Promise<unknown>): Promise<void> {
    const ended = this.#exited.then(() => Promise.reject(new Error('It ended before it answered')))
    ended.catch(() => {})
    for (;;) {
      try {
        await Promise.race([answers(), ended])
        return
      } catch (error) {
        if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw error
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
  const child = await spawnAsServer(command, args)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  try {
    const [code, signal] = await within(START_TIMEOUT, once(child, 'close'), 'It did not come to its end')
    if (code !== 0) throw new Error(`It ended with ${code ?? signal}`)
  } catch (cause) {
    child.kill('SIGKILL')
    throw new Error(`${command} failed. ${messageOf(cause)}\n${output.slice(-4_000)}`, { cause })
  }
}

async function spawnAsServer(command: string, args: string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { ...serverUser(), cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    await once(child, 'spawn')
    return child
  } catch (cause) {
    const user = serverUser() === undefined ? '' : ' as user nobody, which servers run as that root starts'
    throw new Error(`${command} cannot be run${user}: ${messageOf(cause)}`, { cause })
  }
}

/** Settles as `work` does, or rejects when that takes longer than `ms`. */
async function within<T>(ms: number, work: Promise<T>, failure: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${failure} within ${ms / 1_000} s`)), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  directories.delete(directory)
}
