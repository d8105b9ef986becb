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
/** A Map would take all memory there is. */
const FILES_OF_MAP = Math.min(FILES, 2_000)
const WORKERS = 64
const CLIENTS = 20
/** Connections of one client: all clients together fit into the server's slots. */
const POOL_SIZE = 4
const SLOTS = 100
const ROUNDS = 3
/** Of one contender in one round. */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 3)
/** Before these: what is kept of the branches used often has to be found first. */
const LEAD_IN = Number(process.env.BENCH_LEAD_IN ?? 2)

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
  requests: number
  opened: number
}

/** Many more branches than clients: how fast, with how many connections, and in how much memory. */
export async function manyBranches(): Promise<Result> {
  const visits = {
    [OURS]: await visitFiles('extension', FILES),
    '(the driver alone)': await visitFiles('driver', FILES),
    Map: await visitFiles('map', FILES_OF_MAP),
  }
  const server = await startPostgres(SLOTS)
  try {
    await createSchemas(server, SCHEMAS)
    const database = schemas(server, POOL_SIZE)
    const sides = Object.keys(TRAFFIC).flatMap((traffic) => {
      return [...Object.keys(CONTENDERS), 'Map'].map((name): Side => {
        return { name, traffic, loads: [], peaks: [], requests: 0, opened: 0 }
      })
    })
    const measure = async (side: Side, contenderOf: typeof map, round: number, leadIn = LEAD_IN) => {
      const contender = contenderOf(database)
      const watch = new ConnectionWatch(server)
      const request = requests(contender, side.traffic, round)
      const operate = (number: number) => {
        side.requests++
        return request(number)
      }
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
  const { beforeFailure, failures, throughput } = loads.at(-1) as Load
  const failed = Object.entries(failures).map(([kind, count]) => `${count} × ${kind}`)
  const first = beforeFailure === undefined ? [] : [`the first after ${beforeFailure}`]
  const what = [`${Math.round(throughput)}/s`, `${peaks.at(-1)} connections`, ...failed, ...first].join(', ')
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
    title:
      `${SCHEMAS} schemas through ${CLIENTS} clients of ${POOL_SIZE} connections, ${WORKERS} requests at a time; ` +
      'SQLite files, and megabytes of memory',
    rows: [
      ...measured.map(({ loads, name, opened, peak, quartiles, ratio, requests, traffic }) => ({
        traffic,
        contender: name,
        ...summarize(loads),
        ratio: `${ratio.toFixed(2)} (${quartiles.map((value) => value.toFixed(2)).join('–')})`,
        'pools/request': Number((opened / requests).toFixed(2)),
        connections: peak,
      })),
      ...Object.entries(visits).map(([contender, each]) => ({
        traffic: `${each.visited} SQLite files`,
        contender,
        'ops/s': Math.round(each.throughput),
        failures: each.failures,
        'RSS at 100': Math.round(each.at100),
        'RSS at end': Math.round(each.atEnd),
        'held at 100': Math.round(each.heldAt100),
        'held at end': Math.round(each.heldAtEnd),
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
        // From the first request on: it is not led in.
        beforeFailure: loads[0]?.beforeFailure,
      })),
      visits,
    },
    plot: () => plot(measured),
  }
}

async function plot(measured: (Side & { peak: number })[]): Promise<string> {
  const { COLORS, drawBars } = await import('./plot.ts')
  const barsOf = (measureOf: (loads: Load[]) => number, traffic: string) => {
    return measured
      .filter((side) => side.traffic === traffic)
      .map(({ loads, name }) => {
        const color = name === OURS ? COLORS.ours : countFailures(loads) > 0 ? COLORS.broken : COLORS.other
        return { name, color, value: measureOf(loads) }
      })
  }
  const panels = Object.keys(TRAFFIC).flatMap((traffic) => [
    {
      title: `${traffic}: requests per second`,
      bars: barsOf((loads) => summarize(loads)['ops/s'], traffic),
      label: String,
    },
    { title: `${traffic}: failures`, bars: barsOf(countFailures, traffic), label: String },
  ])
  return drawBars({
    title: `${SCHEMAS} schemas through ${CLIENTS} clients, ${WORKERS} requests at a time, a server with ${SLOTS} slots`,
    subtitle: `The median of ${ROUNDS} rounds of ${SECONDS} s. A Map runs once: it takes every slot, and keeps it.`,
    panels,
  })
}
