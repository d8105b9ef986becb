import type { PrismaClient } from '../generated/postgres/client.ts'
import { createBranch } from '../test/kit/branches.ts'
import { type PostgresServer, startPostgres } from '../test/kit/embedded-postgres.ts'
import { MIXED_WORK, type WorkClient, type WorkKind } from '../test/kit/mixed-work.ts'
import { quantile } from './compare.ts'
import { type Contender, extension, mapWithMaxAge } from './contenders.ts'
import { countFailures, type Load, load, mergeFailures, spread, summarize } from './load.ts'
import { atLeast, atMost, type Result } from './result.ts'
import { schemas } from './schemas.ts'

const WORKERS = 8
const ROUNDS = 5
/** Of one contender in one round. */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2.5)
/** Before these, so that a round starts with connections open. */
const LEAD_IN = 0.3
const MAIN = 'max-age never'
const GOAL = 'max-age 1 s'

/** Turns between the moment that a contender connects and its own turn, in which a pool of 10 s comes of age. */
const AHEAD = Math.floor(8.5 / (LEAD_IN + SECONDS))

interface Side {
  name: string
  branch: string
  make(): Contender<PrismaClient>
  loads: Load[]
  /** Pools opened, of all rounds. */
  opened: number
}

/** What a swap of pools under load costs: throughput and latency by max-age. */
export async function swap(): Promise<Result> {
  const server = await startPostgres()
  try {
    const sides = await makeSides(server)
    const turns = Array.from({ length: ROUNDS }, (_, round) => {
      // To and fro: a machine that gets slower does so on all.
      const order = round % 2 === 0 ? sides : sides.toReversed()
      return order.map((side) => ({ side, contender: side.make() }))
    }).flat()
    const wake = (turn: number) => {
      const { contender, side } = turns[turn] ?? {}
      return side && contender?.run(side.branch, (client) => client.user.findFirst())
    }
    for (let turn = 0; turn < AHEAD; turn++) await wake(turn)
    let operations = 0
    for (const [turn, { contender, side }] of turns.entries()) {
      await server.query(`TRUNCATE "branch_${side.branch}"."User" RESTART IDENTITY CASCADE`)
      await wake(turn + AHEAD)
      const operate = (number: number) => {
        const mark = `${operations++}`
        return contender.run(side.branch, (client) => kindOf(number).run(client as WorkClient, mark))
      }
      const done = await load(WORKERS, LEAD_IN, SECONDS, operate)
      side.loads.push(done)
      side.opened += contender.opened
      console.log(
        `${turn + 1} of ${turns.length}: ${side.name}: ${Math.round(done.throughput)}/s, ${countFailures([done])} failed`,
      )
      // Whatever hangs on a client that was disconnected is not waited for.
      contender.close().catch(() => {})
    }
    return resultOf(sides)
  } finally {
    await server.stop()
  }
}

function kindOf(number: number): WorkKind {
  return MIXED_WORK[number % MIXED_WORK.length] as WorkKind
}

async function makeSides(server: PostgresServer): Promise<Side[]> {
  const database = schemas(server, WORKERS)
  const contenders = {
    [MAIN]: extension({ maxAge: Infinity }),
    [GOAL]: extension({ maxAge: 1_000 }),
    'max-age 100 ms': extension({ maxAge: 100 }),
    'max-age 10 s': extension({ maxAge: 10_000 }),
    'Map, $disconnect() after 1 s': mapWithMaxAge(1_000),
    'Map, $disconnect() after 100 ms': mapWithMaxAge(100),
  }
  const sides: Side[] = []
  for (const [name, contenderOf] of Object.entries(contenders)) {
    const branch = `swap${sides.length}`
    await createBranch(server, branch)
    sides.push({ name, branch, make: () => contenderOf(database), loads: [], opened: 0 })
  }
  return sides
}

function resultOf(sides: Side[]): Result {
  const [baseline] = sides as [Side]
  const measured = sides.map(({ loads, name, opened }) => {
    const ratiosOf = (measure: (done: Load) => number) => {
      return spread(loads.map((done, round) => measure(done) / measure(baseline.loads[round] as Load)))
    }
    const throughput = ratiosOf((done) => done.throughput)
    const p99 = ratiosOf((done) => quantile(done.latencies, 0.99))
    return { name, opened, throughput, p99, loads }
  })
  const judged = measured.find(({ name }) => name === GOAL) as (typeof measured)[number]
  const ours = sides.filter(({ name }) => name.startsWith('max-age')).flatMap(({ loads }) => loads)
  return {
    name: 'swap',
    title: `${WORKERS} workers, mixed work on one branch: the median of ${ROUNDS} rounds of ${SECONDS} s, beside ${MAIN}`,
    rows: measured.map(({ loads, name, opened, p99, throughput }) => ({
      contender: name,
      ...summarize(loads),
      pools: opened,
      throughput: show(throughput),
      p99: show(p99),
    })),
    goals: [
      atMost('failures through the extension', 0, countFailures(ours)),
      atLeast(`throughput at ${GOAL}, beside ${MAIN}`, 0.95, judged.throughput.ratio),
      atMost(`p99 at ${GOAL}, beside ${MAIN}`, 1.5, judged.p99.ratio),
    ],
    data: measured.map(({ loads, ...each }) => ({
      ...each,
      ...summarize(loads),
      failures: mergeFailures(loads),
      quantiles: QUANTILES.map((share) => [
        share,
        quantile(
          loads.flatMap(({ latencies }) => latencies),
          share,
        ),
      ]),
    })),
    plot: () => plot(sides),
  }
}

async function plot(sides: Side[]): Promise<string> {
  const { COLORS, drawBars } = await import('./plot.ts')
  const barsOf = (measureOf: (loads: Load[]) => number) => {
    return sides.map(({ loads, name }) => {
      return { name, color: countFailures(loads) > 0 ? COLORS.broken : COLORS.ours, value: measureOf(loads) }
    })
  }
  return drawBars({
    title: `${WORKERS} workers, mixed work on one branch, while its pool is replaced`,
    subtitle: `${ROUNDS} rounds of ${SECONDS} s. With a Map, the client is disconnected when it is found to be of age.`,
    panels: [
      { title: 'operations per second', bars: barsOf((loads) => summarize(loads)['ops/s']), label: String },
      { title: 'p99, in milliseconds', bars: barsOf((loads) => summarize(loads)['p99 ms']), label: String },
      { title: 'failures', bars: barsOf(countFailures), label: String },
    ],
  })
}

const QUANTILES = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1]

function show({ quartiles, ratio }: { ratio: number; quartiles: [number, number] }): string {
  return `${ratio.toFixed(2)} (${quartiles.map((value) => value.toFixed(2)).join('–')})`
}
