import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { startPostgres } from '../test/kit/embedded-postgres.ts'
import { createBranches } from './branch-schemas.ts'
import { extensionAct, type Scene } from './extension-act.ts'
import { count, seconds } from './format.ts'
import { Interrupted, interruption } from './interruption.ts'
import { mapAct } from './map-act.ts'
import { restartServer, terminateBackends } from './outages.ts'
import { BRANCHES, CONNECTION_BOUND, MAX_CLIENTS, PARALLEL_REQUESTS, POOL_SIZE, SLOTS } from './scale.ts'
import { sweep } from './scratch.ts'
import { Screen } from './screen.ts'
import type { Stage } from './stage.ts'
import { printClaims, printTable } from './table.ts'
import { CALM, RUSH } from './traffic.ts'

/** How long the second act goes on, at least: there is something to see. */
const ACT_B = 9_000

/** Of the third act. A few requests take less, on whatever machine. */
const MAX_AGE = 2_000

/** Requests that are served in a rush before the next outage. */
const REQUESTS_IN_BETWEEN = 200

const everyBranchServed = ({ ledger }: Scene) => ledger.branchesServed.size === BRANCHES.length

/** Until a client with work in flight is replaced at its max-age: it needs room to live so long. */
async function replaceInUse({ setPace, until, watch }: Scene): Promise<boolean> {
  const before = watch.replacedInUse
  setPace(CALM)
  await until(() => watch.replacedInUse > before)
  return watch.replacedInUse > before
}

async function rush({ ledger, setPace, until }: Scene): Promise<void> {
  const before = ledger.served
  setPace(RUSH)
  await until(() => ledger.served >= before + REQUESTS_IN_BETWEEN)
}

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
    async play(scene) {
      await delay(ACT_B, undefined, { signal })
      await scene.until(() => everyBranchServed(scene))
      return []
    },
    claims: () => [],
  })

  screen.heading(
    `c  branches(), max-age ${MAX_AGE / 1_000} s, health checks; every backend terminated, and the server restarted`,
  )
  const replaced: boolean[] = []
  const troubled = await extensionAct(stage, {
    act: 'c',
    name: 'outages',
    options: { maxAge: MAX_AGE, healthChecks: true, probeInterval: 0 },
    async play(scene) {
      const { counter, setPace, until, watch } = scene
      setPace(RUSH)
      await until(() => everyBranchServed(scene) && watch.evicted > 0)
      replaced.push(await replaceInUse(scene))
      await rush(scene)
      const terminated = await terminateBackends(stage)
      screen.line(
        `  ${count(terminated.backends, 'backend')} terminated in ${seconds(terminated.to - terminated.from)}`,
      )
      replaced.push(await replaceInUse(scene))
      await rush(scene)
      const restarted = await restartServer(stage, counter)
      screen.line(`  server restarted, away for ${seconds(restarted.to - restarted.from)}`)
      replaced.push(await replaceInUse(scene))
      return [terminated, restarted]
    },
    claims: (watch, outages) => [
      {
        text: 'every backend was terminated, and the server restarted, in mid-run',
        held: outages.map(({ kind }) => kind).join() === 'terminated,restarted',
      },
      { text: `clients were evicted at the cap of ${MAX_CLIENTS} (${count(watch.evicted)})`, held: watch.evicted > 0 },
      {
        text: `clients in use were replaced at max-age, before, between and after the outages (${count(watch.replacedInUse)})`,
        held: replaced.length === 3 && replaced.every((happened) => happened),
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
