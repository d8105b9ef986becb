import { setTimeout as delay } from 'node:timers/promises'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../generated/sqlite/client.ts'
import { sql } from '../src/driver/driver-adapter.ts'
import { type Database, extension, map } from './contenders.ts'
import type { Visits } from './visits.ts'

const WORKERS = 64
const FIRST = 100
/** Times that the first branches are visited before their memory is looked at: a young process grows by itself. */
const ROUNDS_OF_FIRST = 40
const SAMPLE_EVERY = 500
/** Milliseconds, for connections to close that are on their way. */
const REST = 200

const [contenderName, directory, files] = process.argv.slice(2) as [string, string, string]
const database: Database<PrismaClient> = {
  url: (branch) => `file:${directory}/${branch}.db`,
  adapter: (url) => new PrismaLibSql({ url }),
  client: (adapter) => new PrismaClient({ adapter }),
}
const contender = (contenderName === 'map' ? map : extension({ maxAge: 60_000, maxClients: 20 }))(database)
/** The driver by itself, which Prisma and this package know nothing of: what it takes is not theirs. */
const useDriver = async (branch: string) => {
  const adapter = await database.adapter(database.url(branch)).connect()
  await adapter.queryRaw(sql('SELECT * FROM "User" LIMIT 1'))
  await adapter.dispose()
}
const use = (branch: string): Promise<unknown> => {
  return contenderName === 'driver' ? useDriver(branch) : contender.run(branch, ({ user }) => user.findFirst())
}
const samples: Visits['samples'] = []
let failures = 0

const atFirst = await visit(0, FIRST)
for (let round = 1; round < ROUNDS_OF_FIRST; round++) await visit(0, FIRST)
const at100 = await memory()
const heldAt100 = await held()
samples.push({ visited: FIRST, memory: atFirst }, { visited: FIRST, memory: at100 })

const start = performance.now()
const count = Number(files)
for (let from = FIRST; from < count; from += SAMPLE_EVERY) {
  const to = Math.min(from + SAMPLE_EVERY, count)
  samples.push({ visited: to, memory: await visit(from, to) })
}
const throughput = ((count - FIRST) / (performance.now() - start)) * 1_000
const atEnd = await memory()
const visits: Visits = {
  visited: count,
  failures,
  throughput,
  at100,
  atEnd,
  heldAt100,
  heldAtEnd: await held(),
  samples,
}
process.send?.(visits)
await contender.close()
process.disconnect?.()

/** Reads from each of these branches. @returns the memory then */
async function visit(from: number, to: number): Promise<number> {
  let next = from
  const worker = async () => {
    while (next < to) {
      const branch = String(next++)
      await use(branch).catch((error: unknown) => {
        if (failures++ === 0) console.error(error)
      })
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, worker))
  return process.memoryUsage.rss() / 1e6
}

async function memory(): Promise<number> {
  await delay(REST)
  return process.memoryUsage.rss() / 1e6
}

/** Without garbage. */
async function held(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    await globalThis.gc?.()
    // What was waiting for it lets go of more.
    await delay(REST)
  }
  const { external, heapUsed } = process.memoryUsage()
  return (heapUsed + external) / 1e6
}
