import { schemaUrl } from '../src/postgres.ts'
import { createBranch } from '../test/kit/branches.ts'
import { startPostgres } from '../test/kit/embedded-postgres.ts'
import { bareClient, type ColdContender, keptClient, newBranch, rawDriver, visitBranches } from './cold-contenders.ts'
import { quantile } from './compare.ts'
import { type FirstRow, FirstRowWatch } from './first-row.ts'
import { type Memory, memoryInUse, memoryOfEach } from './heap.ts'
import { type ClientClass, clientWithModels } from './model-schemas.ts'
import { atMost, type Result } from './result.ts'
import { shuffled } from './shuffled.ts'

/** Shortens a trial. */
const LIMIT = Number(process.env.BENCH_ROUNDS ?? Infinity)

/** How many models, and how many rounds of each contender. The first ones see the compilers of the process at work. */
const PLAN = [
  { models: 2, warmUp: 60, rounds: 100 },
  { models: 100, warmUp: 5, rounds: 40 },
  { models: 300, warmUp: 5, rounds: 25 },
].map(({ models, warmUp, rounds }) => {
  return { models, warmUp: Math.min(warmUp, LIMIT), rounds: Math.min(rounds, LIMIT) }
})
/** Clients that are kept to see what one costs. */
const RETAINED = 10

/** What was measured with a client of so many models. */
interface Schema {
  models: number
  contenders: ColdContender[]
  bare: ColdContender
  /** Of the first client of this class: of the very first one of the process, it includes loading the query compiler. */
  first: FirstRow
  retained: Memory
}

/** From a branch's name to its first row, for small and large schemas. */
export async function coldBranch(): Promise<Result> {
  const server = await startPostgres()
  try {
    const schema = await createBranch(server, 'bench')
    const url = schemaUrl(server.url, schema)
    await server.query(`INSERT INTO "${schema}"."User" (email) VALUES ('bench@example.com')`)
    const schemas: Schema[] = []
    for (const plan of PLAN) {
      schemas.push(await measure(plan, { Client: await clientWithModels(plan.models), url, schema }))
    }
    return {
      name: 'cold-branch',
      title: `From a branch's name to its first row, in ms: medians of ${PLAN.map(({ rounds }) => rounds).join(', ')} rounds`,
      rows: schemas.flatMap(tableRows),
      goals: schemas.flatMap(goals),
      data: schemas.map(({ models, contenders, first, retained }) => {
        return { models, first, retained, contenders: contenders.map(({ name, rows }) => ({ name, rows })) }
      }),
      plot: () => plot(schemas),
    }
  } finally {
    await server.stop()
  }
}

async function plot(schemas: Schema[]): Promise<string> {
  const { COLORS, drawBars } = await import('./plot.ts')
  return drawBars({
    title: 'From a branch’s name to its first row',
    subtitle: 'Milliseconds, medians. Each on a connection of its own to an embedded PostgreSQL.',
    panels: schemas.map(({ models, contenders }) => ({
      title: `${models} models`,
      // Without those in parentheses, which are there to explain the others.
      bars: contenders
        .filter(({ name }) => !name.startsWith('('))
        .map(({ name, rows }) => ({
          name,
          value: median(rows, 'total'),
          color: name.startsWith('$branch') ? COLORS.ours : COLORS.other,
        })),
      label: (value) => `${ms(value)} ms`,
    })),
  })
}

async function measure(
  { models, warmUp, rounds }: (typeof PLAN)[number],
  place: { Client: ClientClass; url: string; schema: string },
): Promise<Schema> {
  const surroundings = { ...place, watch: new FirstRowWatch() }
  const bare = bareClient(surroundings, false)
  const first = await bare.measure()
  const contenders = [
    rawDriver(surroundings),
    bare,
    bareClient(surroundings, true),
    newBranch(surroundings),
    await keptClient(surroundings),
  ]
  for (let round = -warmUp; round < rounds; round++) {
    for (const contender of shuffled(contenders)) {
      const measured = await contender.measure()
      if (round >= 0) contender.rows.push(measured)
    }
    if (round % 10 === 0) console.log(`${models} models, round ${round} of ${rounds}`)
  }
  const before = await memoryInUse()
  const letGo = await visitBranches(surroundings, RETAINED)
  const retained = memoryOfEach(before, await memoryInUse(), RETAINED)
  await letGo()
  return { models, contenders, bare, first, retained }
}

const PARTS = ['construct', 'compile', 'connect', 'query', 'total', 'cpu'] as const

function tableRows({ models, contenders, bare, first, retained }: Schema): Result['rows'] {
  const line = (contender: string, rows: FirstRow[]) => {
    return { models, contender, ...Object.fromEntries(PARTS.map((part) => [part, ms(median(rows, part))])) }
  }
  return [
    line('(the first of its class)', [first]),
    ...contenders.map((contender) => ({
      ...line(contender.name, contender.rows),
      'to bare': ratio(contender, bare, 'total').toFixed(2),
      'CPU to bare': ratio(contender, bare, 'cpu').toFixed(2),
    })),
    {
      models,
      contender: `(a kept client: MB of heap ${mb(retained.heap)}, outside ${mb(retained.external)}, RSS ${mb(retained.rss)})`,
    },
  ]
}

function goals({ models, contenders, bare }: Schema): Result['goals'] {
  return contenders.flatMap((contender) => {
    const { goal, name } = contender
    if (goal === undefined) return []
    const title = `${name}, with ${models} models, beside a bare client`
    return [
      atMost(`${title}: time`, goal, ratio(contender, bare, 'total')),
      atMost(`${title}: CPU`, goal, ratio(contender, bare, 'cpu')),
    ]
  })
}

function median(rows: FirstRow[], part: keyof FirstRow): number {
  const values = rows.map((row) => row[part])
  return quantile(values, 0.5)
}

/** The median of the rounds' ratios. */
function ratio({ rows }: ColdContender, bare: ColdContender, part: 'total' | 'cpu'): number {
  const ratios = rows.map((row, round) => row[part] / (bare.rows[round] as FirstRow)[part])
  return quantile(ratios, 0.5)
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1)
}

function mb(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(2)
}
