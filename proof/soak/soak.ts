import { mkdir, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { PrismaPg } from '@prisma/adapter-pg'
import { branchUrl } from '../../demo/branch-client.ts'
import { ClientWatch } from '../../demo/client-watch.ts'
import { ConnectionCounter } from '../../demo/connection-counter.ts'
import { count } from '../../demo/format.ts'
import { Interrupted, interruption } from '../../demo/interruption.ts'
import { Screen } from '../../demo/screen.ts'
import type { Stage } from '../../demo/stage.ts'
import { type Database, MARKER } from '../../demo/work.ts'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { branches } from '../../src/index.ts'
import { schemaAdapter } from '../../src/postgres.ts'
import { createBranch } from '../../test/kit/branches.ts'
import { type PostgresServer, startPostgres } from '../../test/kit/embedded-postgres.ts'
import { Faults } from './faults.ts'
import { drawRun } from './picture.ts'
import { Recorder } from './recorder.ts'
import { claimsOf, printClaims, printRun } from './report.ts'
import type { Run } from './run.ts'
import {
  BRANCHES,
  CONNECTION_BOUND,
  LONGEST,
  MAX_AGE,
  MAX_CLIENTS,
  MEASURED_POOLS,
  PATIENCE,
  POOL_SIZE,
  SECONDS,
  WARM_UP_POOLS,
} from './scale.ts'
import { Tally } from './tally.ts'
import { type Serve, Traffic } from './traffic.ts'

/** A shorter run is for trying it out, and leaves the picture of the documentation alone. */
const PICTURE = SECONDS >= 300 ? 'docs/soak.svg' : 'tmp/soak.svg'

// Otherwise Prisma takes a stack trace at every call.
process.env.NODE_ENV = 'production'

async function soak({ server, screen, signal }: Stage): Promise<Run> {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: server.url, max: 1 }) }).$extends(
    branches({
      url: (branch) => branchUrl(server.url, branch),
      adapter: schemaAdapter(PrismaPg, { max: POOL_SIZE }),
      client: (adapter) => new PrismaClient({ adapter, transactionOptions: { maxWait: PATIENCE, timeout: PATIENCE } }),
      maxClients: MAX_CLIENTS,
      maxAge: MAX_AGE,
      healthChecks: true,
      probeInterval: 0,
      acquireTimeout: PATIENCE,
      probeTimeout: PATIENCE,
      drainTimeout: PATIENCE,
    }),
  )
  // To TypeScript, no extended client of Prisma's is like a plain one; at run time, each has all that a plain one has.
  const database = prisma as unknown as Database
  const tally = new Tally()
  const faults = new Faults()
  const recorder = new Recorder()
  const watch = new ClientWatch(prisma.$branches)
  const counter = new ConnectionCounter(server)
  const traffic = new Traffic()

  const start = performance.now()
  const goOn = () => {
    const length = (performance.now() - start) / 1_000 / SECONDS
    return !signal.aborted && (length < 1 || (length < LONGEST && watch.closed < WARM_UP_POOLS + MEASURED_POOLS))
  }
  const silences = { silences: 0, emptySilences: 0, swappedBefore: 0 }
  let swaps = 0
  const record = async () => {
    while (goOn()) {
      const due = start + (recorder.seconds + 1) * 1_000
      await delay(due - performance.now())
      // Timers fire a moment early now and then.
      if (performance.now() < due) continue
      const atRest = traffic.silent && traffic.silenceIsOver(counter.count)
      const empty = counter.count === 0
      recorder.measure(counter, tally, watch.closed, atRest)
      if (!atRest) continue
      silences.silences++
      if (empty) silences.emptySilences++
      const before = swaps
      swaps = watch.retired.get('max-age') ?? 0
      if (swaps > before) silences.swappedBefore++
      traffic.endSilence()
    }
  }
  const render = () => {
    const { open, draining } = watch.now()
    return [
      `  ${recorder.seconds}/${SECONDS} s`,
      `${counter.count}/${CONNECTION_BOUND} connections`,
      `clients ${open} open, ${draining} draining, ${count(watch.closed)} closed`,
      count(tally.operations, 'operation'),
      `${tally.cut} cut, ${tally.failed} failed`,
    ].join(' · ')
  }
  try {
    await screen.during(render, async () => {
      const serve: Serve = (branch, work) => prisma.$withBranch(branch, () => work(database))
      await Promise.all([
        traffic.run(serve, tally, faults, goOn),
        faults.run({ server, screen, signal }, goOn),
        record(),
      ])
    })
  } finally {
    await counter.stop()
    await prisma.$disconnect()
  }
  signal.throwIfAborted()
  const connectionsAtEnd = (await counter.reachesZero()) ? 0 : await server.connections()
  return { tally, faults, recorder, watch, ...silences, connectionsAtEnd }
}

async function createBranches(server: PostgresServer): Promise<void> {
  for (const branch of BRANCHES) {
    const schema = await createBranch(server, branch)
    await server.query(`INSERT INTO "${schema}"."User" ("email", "name") VALUES ($1, $2)`, [MARKER.email, branch])
  }
}

const signal = interruption()
const screen = new Screen()
let server: PostgresServer | undefined
let exitCode = 1
try {
  screen.heading(
    `${BRANCHES.length} branches through ${MAX_CLIENTS} clients, max-age ${MAX_AGE / 1_000} s, ${SECONDS} s`,
  )
  server = await startPostgres()
  await createBranches(server)
  const run = await soak({ server, screen, signal })
  printRun(screen, run)
  if (printClaims(screen, claimsOf(run))) exitCode = 0
  await mkdir(PICTURE.slice(0, PICTURE.indexOf('/')), { recursive: true })
  await writeFile(PICTURE, drawRun(run))
  screen.line(`\nPicture: ${PICTURE}`)
} catch (error) {
  // What failed after an interruption failed because of it.
  const reason: unknown = signal.aborted ? signal.reason : error
  if (reason instanceof Interrupted) exitCode = reason.exitCode
  screen.line(`\n${reason instanceof Interrupted ? `${reason.message}: stopped.` : inspect(reason)}`)
} finally {
  await server?.stop()
}
process.exit(exitCode)
