import { chmodSync, mkdtempSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openTemporaryDirectory } from '../test/kit/server-program.ts'

const PREFIX = 'prisma-branches-demo-'

/** Makes the directory that all temporary files of the demo are in, the data directory of PostgreSQL among them. */
export function createScratch(): string {
  const scratch = mkdtempSync(join(openTemporaryDirectory(), PREFIX))
  // Started by root, PostgreSQL runs as another user, who has to get through to its data.
  chmodSync(scratch, 0o711)
  return scratch
}

/** Fast shutdown, immediate shutdown, and the end; with the milliseconds that each is given. */
const SHUTDOWNS = [
  ['SIGINT', 5_000],
  ['SIGQUIT', 2_000],
  ['SIGKILL', 1_000],
] as const

/**
 * Stops the PostgreSQL whose data is in there, and removes the directory. Works from any process and at any moment,
 * also when a Ctrl-C in the terminal has reached PostgreSQL first, or when the process that started it is gone.
 */
export async function sweep(scratch: string): Promise<void> {
  if (!basename(scratch).startsWith(PREFIX)) throw new Error('Not a directory of the demo')
  for (const name of await readdir(scratch).catch(() => [])) {
    const pidFile = join(scratch, name, 'data', 'postmaster.pid')
    for (const [signal, patience] of SHUTDOWNS) {
      const pid = await postmaster(pidFile)
      if (pid === undefined || !send(pid, signal)) break
      for (let waited = 0; waited < patience && (await postmaster(pidFile)) === pid && send(pid, 0); waited += 20) {
        await delay(20)
      }
    }
  }
  await rm(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
}

/** PostgreSQL writes the file when it starts, and removes it when it has stopped. */
async function postmaster(pidFile: string): Promise<number | undefined> {
  const [pid] = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n')
  return pid ? Number(pid) : undefined
}

/** Whether there was such a process. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
