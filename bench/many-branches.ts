import type { PrismaClient } from '../generated/postgres/client.ts'
import { startPostgres } from '../test/kit/embedded-postgres.ts'
import { MIXED_WORK, type WorkClient, type WorkKind } from '../test/kit/mixed-work.ts'
import { ConnectionWatch, clearConnections } from './connections.ts'
import { clientPerRequest, extension, lru, map } from './contenders.ts'
import { countFailures, type Load, load, mergeFailures, spread, summarize } from './load.ts'
import { type Pick, randomNumbers, uniform, zipf } from './picks.ts'
import { atLeast, atMost, type Result } from './result.ts'
import { createSchemas, schemas } from './schemas.ts'
import { type Visits, visitFiles } from './visits.ts'

const SCHEMAS = 1_000
const FILES = Number(process.env.BENCH_FILES ?? 10_000)
const WORKERS = 64
const CLIENTS = 20
/** Connections of one client: all clients together fit into the server's slots. */
const POOL_SIZE = 4
const SLOTS = 100
const ROUNDS = 3
/** Of one contender in one round. */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2.5)
/** Before these. */
const LEAD_IN = 0.5

const TRAFFIC: Record<string, Pick> = { Zipf: zipf(SCHEMAS), uniform: uniform(SCHEMAS) }
const OURS = 'the extension'
const PER_REQUEST = 'client per request'
const CONTENDERS = {
  [OURS]: extension({ maxAge: 60_000, maxClients: CLIENTS }),
  [PER_REQUEST]: clientPerRequest,
  'LRU without leases': lru(CLIENTS),
}

/** A contender under one kind of traffic. */
interface Side {
  name: string
  traffic: string
  loads: Load[]
  peaks: number[]
  opened: number
}

/** Many more branches than clients: how fast, with how many connections, and in how much memory. */
export async function manyBranches(): Promise<Result> {
  const visits = { [OURS]: await visitFiles('extension', FILES), Map: await visitFiles('map', FILES) }
  const server = await startPostgres(SLOTS)
  try {
    await createSchemas(server, SCHEMAS)
    const database = schemas(server, POOL_SIZE)
    const sides = Object.keys(TRAFFIC).flatMap((traffic) => {
      return [...Object.keys(CONTENDERS), 'Map'].map((name): Side => {
        return { name, traffic, loads: [], peaks: [], opened: 0 }
      })
    })
    const measure = async (side: Side, contenderOf: typeof map, round: number, leadIn = LEAD_IN) => {
      const contender = contenderOf(database)
      const watch = new ConnectionWatch(server)
      const operate = requests(contender, side.traffic, round)
      side.loads.push(await load(WORKERS, leadIn, SECONDS, operate))
      side.peaks.push(await watch.end())
      side.opened += contender.opened
      progress(side)
      await clearConnections(server, contender.close())
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const side of sides) {
        const contenderOf = CONTENDERS[side.name as keyof typeof CONTENDERS]
        if (contenderOf !== undefined) await measure(side, contenderOf, round)
      }
    }
    // Once, from its first request on: it dies.
    for (const side of sides) if (side.name === 'Map') await measure(side, map, 0, 0)
    return resultOf(sides, visits)
  } finally {
    await server.stop()
  }
}

/** The same ones for all contenders in a round. */
function requests(contender: ReturnType<typeof map<PrismaClient>>, traffic: string, round: number) {
  const random = randomNumbers(round)
  const pick = TRAFFIC[traffic] as Pick
  return (number: number) => {
    const { run } = MIXED_WORK[number % MIXED_WORK.length] as WorkKind
    return contender.run(`${pick(random())}`, (client) => run(client as WorkClient, crypto.randomUUID()))
  }
}

function progress({ loads, name, peaks, traffic }: Side): void {
  const { failures, throughput } = loads.at(-1) as Load
  const failed = Object.entries(failures).map(([kind, count]) => `${count} × ${kind}`)
  const what = [`${Math.round(throughput)}/s`, `${peaks.at(-1)} connections`, ...failed].join(', ')
  console.log(`${traffic}, ${name}: ${what}`)
}

function resultOf(sides: Side[], visits: Record<string, Visits>): Result {
  const measured = sides.map((side) => {
    const perRequest = sides.find(({ name, traffic }) => name === PER_REQUEST && traffic === side.traffic) as Side
    const ratios = side.loads.map(({ throughput }, round) => throughput / (perRequest.loads[round] as Load).throughput)
    return { ...side, ...spread(ratios), peak: Math.max(...side.peaks) }
  })
  const ours = measured.filter(({ name }) => name === OURS)
  const zipfian = ours.find(({ traffic }) => traffic === 'Zipf') as (typeof measured)[number]
  const { at100, atEnd } = visits[OURS] as Visits
  const failures = countFailures(ours.flatMap(({ loads }) => loads)) + (visits[OURS] as Visits).failures
  return {
    name: 'many-branches',
    title: `${SCHEMAS} schemas through ${CLIENTS} clients of ${POOL_SIZE} connections, ${WORKERS} requests at a time`,
    rows: [
      ...measured.map(({ loads, name, opened, peak, ratio, quartiles, traffic }) => ({
        traffic,
        contender: name,
        ...summarize(loads),
        ratio: `${ratio.toFixed(2)} (${quartiles.map((value) => value.toFixed(2)).join('–')})`,
        pools: opened,
        connections: peak,
      })),
      ...Object.entries(visits).map(([contender, each]) => ({
        traffic: `${each.visited} SQLite files`,
        contender,
        'ops/s': Math.round(each.throughput),
        failures: each.failures,
        'MB at 100': Math.round(each.at100),
        'MB at the end': Math.round(each.atEnd),
      })),
    ],
    goals: [
      atMost('failures', 0, failures),
      atLeast(`throughput on Zipf, beside a ${PER_REQUEST}`, 3, zipfian.ratio),
      atMost(`MB of RSS more at ${FILES} SQLite branches visited than at 100`, 50, atEnd - at100),
    ],
    data: {
      contenders: measured.map(({ loads, ...side }) => ({
        ...side,
        ...summarize(loads),
        failures: mergeFailures(loads),
        before: loads.map(({ beforeFailure }) => beforeFailure),
      })),
      visits,
    },
  }
}
