import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PrismaLibSql } from '@prisma/adapter-libsql'

/** What a process takes that visits one SQLite file after the other. Memory is RSS, in megabytes. */
export interface Visits {
  visited: number
  failures: number
  throughput: number
  /** When it had visited 100 branches again and again. */
  at100: number
  atEnd: number
  /** Of the JavaScript heap and what hangs on it, after a garbage collection. */
  heldAt100: number
  heldAtEnd: number
  /** On the way. */
  samples: { visited: number; memory: number }[]
}

const COPIES_AT_ONCE = 16

/** In a process of its own, which nobody else's memory is in. */
export async function visitFiles(contender: 'extension' | 'map' | 'driver', files: number): Promise<Visits> {
  const directory = await mkdtemp(join(tmpdir(), 'prisma-branches-files-'))
  try {
    await makeFiles(directory, files)
    const child = fork(new URL('./visitor.js', import.meta.url), [contender, directory, String(files)], {
      execArgv: ['--expose-gc'],
    })
    const answer = once(child, 'message')
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`The visitor ended with ${signal ?? code}`)
    })
    const [visits] = (await Promise.race([answer, ended])) as [Visits]
    ended.catch(() => {})
    const { at100, atEnd, throughput } = visits
    console.log(
      `${contender}, ${files} files: ${throughput.toFixed()}/s, ${at100.toFixed()} MB, then ${atEnd.toFixed()}`,
    )
    return visits
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Copies of one, by number. */
async function makeFiles(directory: string, count: number): Promise<void> {
  const template = join(directory, 'template.db')
  const adapter = await new PrismaLibSql({ url: `file:${template}` }).connect()
  await adapter.executeScript(await readFile('prisma/sqlite/migration.sql', 'utf8'))
  await adapter.dispose()
  let next = 0
  const copy = async () => {
    while (next < count) await copyFile(template, join(directory, `${next++}.db`))
  }
  await Promise.all(Array.from({ length: COPIES_AT_ONCE }, copy))
}
