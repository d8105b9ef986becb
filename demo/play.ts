import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { startPostgres } from '../test/kit/embedded-postgres.ts'
import { createBranches } from './branch-schemas.ts'
import { extensionAct } from './extension-act.ts'
import { count, seconds } from './format.ts'
import { Interrupted, interruption } from './interruption.ts'
import { mapAct } from './map-act.ts'
import { restartServer, terminateBackends } from './outages.ts'
import { BRANCHES, CONNECTION_BOUND, MAX_CLIENTS, PARALLEL_REQUESTS, POOL_SIZE, SLOTS } from './scale.ts'
import { sweep } from './scratch.ts'
import { Screen } from './screen.ts'
import type { Stage } from './stage.ts'
import { printClaims, printTable } from './table.ts'

/** The same traffic three times. Says whether all that is claimed held. */
async function play(screen: Screen, signal: AbortSignal): Promise<boolean> {
  const started = performance.now()
  screen.heading(`PostgreSQL with ${SLOTS} connection slots and ${BRANCHES.length} branches, a schema each`)
  let made = 0
  const server = await screen.during(
    () => `  ${made === 0 ? 'starting PostgreSQL' : `${made} of ${BRANCHES.length} branches made`}`,
    async () => {
      const server = await startPostgres(SLOTS)
      await createBranches(server, (count) => {
        signal.throwIfAborted()
        made = count
      })
      return server
    },
  )
  const stage: Stage = { server, screen, signal }
  screen.line(
    `  ${PARALLEL_REQUESTS} HTTP requests at a time: reads, writes, and an interactive transaction now and then.`,
  )
  screen.line("  One of the slots is the demo's own, for counting the others. Ctrl-C stops everything.")

  screen.heading(`a  Map<string, PrismaClient>: a client per branch, each with up to ${POOL_SIZE} connections, kept`)
  const map = await mapAct(stage)

  screen.heading(
    `b  branches(): at most ${MAX_CLIENTS} clients × ${POOL_SIZE} connections = ${CONNECTION_BOUND} (│), max-age 60 s`,
  )
  const bounded = await extensionAct(stage, {
    act: 'b',
    name: 'branches()',
    options: { maxAge: 60_000, healthChecks: true },
    milliseconds: 9_000,
    trouble: async () => [],
    claims: () => [],
  })

  screen.heading('c  branches(), max-age 1 s, health checks; every backend terminated, and the server restarted')
  const troubled = await extensionAct(stage, {
    act: 'c',
    name: 'outages',
    options: { maxAge: 1_000, healthChecks: true, probeInterval: 0 },
    milliseconds: 11_000,
    async trouble(counter) {
      await delay(3_500, undefined, { signal })
      const terminated = await terminateBackends(stage)
      screen.line(
        `  ${count(terminated.backends, 'backend')} terminated in ${seconds(terminated.to - terminated.from)}`,
      )
      await delay(3_500, undefined, { signal })
      const restarted = await restartServer(stage, counter)
      screen.line(`  server restarted, away for ${seconds(restarted.to - restarted.from)}`)
      return [terminated, restarted]
    },
    claims: (watch, outages) => [
      {
        text: 'every backend was terminated, and the server restarted, in mid-run',
        held: outages.map(({ kind }) => kind).join() === 'terminated,restarted',
      },
      {
        text: `clients were replaced at max-age all the while (${count(watch.retired.get('max-age') ?? 0)})`,
        held: watch.retired.has('max-age'),
      },
    ],
  })

  printTable(screen, [map, bounded, troubled])
  const held = printClaims(screen, [map, bounded, troubled])
  screen.line(`${seconds(performance.now() - started)} in all`)
  return held
}

const signal = interruption()
const screen = new Screen()
let exitCode = 1
let farewell: string | undefined
try {
  exitCode = (await play(screen, signal)) ? 0 : 1
} catch (error) {
  // What failed after an interruption failed because of it.
  const reason: unknown = signal.aborted ? signal.reason : error
  if (reason instanceof Interrupted) exitCode = reason.exitCode
  farewell = reason instanceof Interrupted ? `${reason.message}: stopped.` : inspect(reason)
} finally {
  await sweep(process.argv[2] ?? '')
}
if (farewell !== undefined) screen.line(`\n${farewell}`)
process.exit(exitCode)
