import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresServer } from '../../test/kit/embedded-postgres.ts'
import type { Message, Orders, Progress, Result } from './member.ts'
import type { Outcome } from './report.ts'
import { PATIENCE, PROCESSES, SECONDS } from './scale.ts'
import { checkWrites } from './tenants.ts'

const SAMPLE_EVERY = 20
const PRINT_EVERY = 1_000

const running = new Set<ChildProcess>()
let stopped = false

/** Ends the processes that still run, and lets no other start. */
export function stopProcesses(): void {
  stopped = true
  for (const child of running) child.kill('SIGKILL')
}

/** A process of the fleet, and what it says. */
class Member {
  progress: Progress = { operations: 0, failures: 0 }
  readonly result: Promise<Result>

  constructor(orders: Orders) {
    if (stopped) throw new Error('The fleet was stopped')
    const child = fork(new URL('member.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    running.add(child)
    child.once('exit', () => running.delete(child))
    child.send(orders)
    this.result = this.#listen(child)
  }

  async #listen(child: ChildProcess): Promise<Result> {
    let result: Result | undefined
    child.on('message', (message: Message) => {
      if ('progress' in message) this.progress = message.progress
      else result = message.result
    })
    const code = await exitCode(child, () => result !== undefined)
    if (result === undefined || code !== 0) throw new Error(`A process ended with ${code} before its work was done`)
    return result
  }
}

/** It must end by itself: a connection or timer that is left would keep it alive, until it is given up. */
async function exitCode(child: ChildProcess, done: () => boolean): Promise<number | NodeJS.Signals> {
  const exited = once(child, 'exit')
  child.once('disconnect', async () => {
    await Promise.race([exited, delay(PATIENCE, undefined, { ref: false })])
    if (child.exitCode === null && done()) child.kill('SIGKILL')
  })
  const [code, signal] = await exited
  return code ?? signal
}

/** Lets all processes work at the same time, and counts the connections that the server has meanwhile. */
export async function runProcesses(
  name: string,
  run: string,
  url: string,
  server: PostgresServer,
  bound: number,
): Promise<Outcome> {
  const members = Array.from({ length: PROCESSES }, (_, member) => new Member({ url, seconds: SECONDS, run, member }))
  let [connections, peak, samples, working] = [0, 0, 0, true]
  const sample = async () => {
    while (working) {
      connections = await server.connections()
      peak = Math.max(peak, connections)
      samples++
      await delay(SAMPLE_EVERY)
    }
  }
  const start = performance.now()
  const printing = setInterval(() => {
    const sum = (of: keyof Progress) => members.reduce((total, { progress }) => total + progress[of], 0)
    const seconds = Math.round((performance.now() - start) / 1_000)
    console.log(
      `${String(seconds).padStart(4)} s  ${name}: ${sum('operations').toLocaleString('en')} operations, ` +
        `${sum('failures')} failures; ${connections} server connections, ${peak} at most`,
    )
  }, PRINT_EVERY)
  try {
    const finished = Promise.all(members.map(({ result }) => result)).finally(() => {
      working = false
    })
    const [results] = await Promise.all([finished, sample()])
    const faults = await checkWrites(
      server,
      run,
      results.flatMap(({ written }) => written),
    )
    return { name, bound, peak, samples, results, faults }
  } finally {
    clearInterval(printing)
  }
}
