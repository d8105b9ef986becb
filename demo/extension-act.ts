import { setTimeout as delay } from 'node:timers/promises'
import type { PoolOptions } from '../src/index.ts'
import { startApplication } from './application.ts'
import { liveLine } from './bar.ts'
import { connectBranches } from './branch-client.ts'
import { checkWrites } from './branch-schemas.ts'
import { ClientWatch } from './client-watch.ts'
import { ConnectionCounter } from './connection-counter.ts'
import { sortFailures } from './excuse.ts'
import { count } from './format.ts'
import { Ledger } from './ledger.ts'
import type { Outage } from './outages.ts'
import { ACT_LIMIT, BRANCHES, CONNECTION_BOUND } from './scale.ts'
import type { ActResult, Claim, Stage } from './stage.ts'
import { type Pace, STEADY, sendTraffic } from './traffic.ts'
import type { Database } from './work.ts'

/** What the two acts with the extension differ in. */
export interface Part {
  /** A letter, which the rows written in the act have in their titles. */
  act: string
  name: string
  options: PoolOptions
  /** What happens while there is traffic, which ends with it. Says what was done to the server. */
  play(scene: Scene): Promise<Outage[]>
  /** What is said of this act alone. */
  claims(watch: ClientWatch, outages: Outage[]): Claim[]
}

/** An act while it is played. */
export interface Scene {
  readonly watch: ClientWatch
  readonly ledger: Ledger
  readonly counter: ConnectionCounter
  setPace(pace: Pace): void
  /**
   * Waits until something is so. After {@link ACT_LIMIT} it waits no longer, and what was waited for is missing among the
   * claims that hold.
   */
  until(isSo: () => boolean): Promise<void>
}

/** Milliseconds from one look whether something is so to the next. */
const INTERVAL = 10

/** The traffic of the first act, on the extension. */
export async function extensionAct({ server, screen, signal }: Stage, part: Part): Promise<ActResult> {
  const prisma = connectBranches(server.url, part.options)
  const watch = new ClientWatch(prisma.$branches)
  const ledger = new Ledger()
  const counter = new ConnectionCounter(server)
  // To TypeScript, no extended client of Prisma's is like a plain one; at run time, each has all that a plain one has.
  const database = prisma as unknown as Database
  const application = await startApplication((branch, work) => prisma.$withBranch(branch, () => work(database)))

  const started = performance.now()
  let over = false
  let pace = STEADY
  const scene: Scene = {
    watch,
    ledger,
    counter,
    setPace(next) {
      pace = next
    },
    async until(isSo) {
      while (!isSo() && performance.now() - started < ACT_LIMIT) await delay(INTERVAL, undefined, { signal })
    },
  }
  const render = () => {
    const { open, draining } = watch.now()
    return liveLine(screen, counter.count, CONNECTION_BOUND, [
      `clients ${open} open, ${draining} draining, ${count(watch.closed)} closed`,
      `${ledger.branchesServed.size}/${BRANCHES.length} branches`,
      count(ledger.requests, 'request'),
    ])
  }
  let outages: Outage[] = []
  try {
    await screen.during(render, async () => {
      const demand = { goOn: () => !over && !signal.aborted, pace: () => pace }
      const traffic = sendTraffic(application.url, part.act, ledger, demand)
      try {
        outages = await part.play(scene)
      } finally {
        over = true
        await traffic
      }
    })
  } finally {
    await application.close()
    await counter.stop()
    await prisma.$disconnect()
  }
  signal.throwIfAborted()
  const milliseconds = performance.now() - started

  const endedAtZero = await counter.reachesZero()
  const wrongWrites = await checkWrites(server, part.act, ledger.written)
  const { failed, cut, down, causes } = sortFailures(ledger.failures, outages)
  screen.line(`  ${watch.summary()}`)
  for (const [cause, times] of causes) screen.line(`  ${String(times).padStart(4)} × ${cause}`)

  const besides =
    cut + down === 0 ? '' : `, besides ${cut} whose own connection was cut and ${down} that found no server`
  const writes = [`each of ${count(ledger.written.size, 'acknowledged write')} is in its branch once`, ...wrongWrites]
  return {
    act: part.act,
    name: part.name,
    requests: ledger.requests,
    served: ledger.served,
    failed,
    cut,
    down,
    branchesServed: ledger.branchesServed.size,
    peakConnections: counter.peak,
    clientsOpened: watch.opened,
    milliseconds,
    claims: [
      ...part.claims(watch, outages),
      { text: `all ${BRANCHES.length} branches served`, held: ledger.branchesServed.size === BRANCHES.length },
      { text: `${failed} of ${count(ledger.requests, 'request')} failed${besides}`, held: failed === 0 },
      { text: 'no answer had a row of another branch', held: ledger.crossed === 0 },
      { text: writes.join(', but '), held: wrongWrites.length === 0 },
      {
        text: `never more than ${CONNECTION_BOUND} connections: at most ${counter.peak}`,
        held: counter.peak <= CONNECTION_BOUND,
      },
      { text: 'connections end at zero after $disconnect()', held: endedAtZero },
    ],
  }
}
