import { schemaUrl } from '../src/postgres.ts'
import { createBranch } from '../test/kit/branches.ts'
import { startPostgres } from '../test/kit/embedded-postgres.ts'
import { compare, type Measured } from './compare.ts'
import { hotContenders } from './hot-contenders.ts'
import { AUTHOR, OPERATIONS, type OperationClient } from './operations.ts'
import { atMost, type Result } from './result.ts'

const MAIN_OPERATION = 'findFirst'
const ROUNDS = {
  [MAIN_OPERATION]: { rounds: 30, operations: 100, warmUp: 3_000 },
  other: { rounds: 20, operations: 50, warmUp: 1_000 },
}

/** CPU per operation: a bare PrismaClient, and the same through the extension. */
export async function hotPath(): Promise<Result> {
  const server = await startPostgres()
  try {
    const url = schemaUrl(server.url, await createBranch(server, 'bench'))
    const { bare, contenders, close } = hotContenders(url, server.url)
    await bare.user.create({ data: AUTHOR })
    const measured: Measured[] = []
    for (const [operation, operate] of Object.entries(OPERATIONS)) {
      const rounds = operation === MAIN_OPERATION ? ROUNDS[MAIN_OPERATION] : ROUNDS.other
      for (const { name, goal, everywhere, client, beside = () => bare, within } of contenders) {
        if (operation !== MAIN_OPERATION && !everywhere) continue
        const run = () => operate(client() as OperationClient)
        const baseline = () => operate(beside() as OperationClient)
        measured.push(await compare({ contender: name, operation, goal, run, baseline, within }, rounds))
      }
    }
    await close()
    return resultOf(measured)
  } finally {
    await server.stop()
  }
}

function resultOf(measured: Measured[]): Result {
  const { rounds, operations } = ROUNDS[MAIN_OPERATION]
  return {
    name: 'hot-path',
    title:
      `CPU per operation, beside a bare client: of ${MAIN_OPERATION} the median of ${rounds} rounds of ${operations}, ` +
      `of the others of ${ROUNDS.other.rounds} rounds of ${ROUNDS.other.operations}`,
    rows: measured.map(({ comparison: { contender, operation }, time, ratio, quartiles }) => ({
      operation,
      contender,
      'µs of CPU': Math.round(time),
      ratio: ratio.toFixed(3),
      quartiles: quartiles.map((value) => value.toFixed(3)).join('–'),
    })),
    goals: measured.flatMap(({ comparison: { contender, goal, operation }, ratio }) => {
      return goal === undefined ? [] : [atMost(`${operation}, ${contender}`, goal, ratio)]
    }),
    data: measured.map(({ comparison: { contender, operation, goal }, ...rest }) => {
      return { contender, operation, goal, ...rest }
    }),
    plot: () => plot(measured),
  }
}

async function plot(measured: Measured[]): Promise<string> {
  const { COLORS, drawBars } = await import('./plot.ts')
  const bars = measured
    .filter(({ comparison }) => comparison.operation === MAIN_OPERATION)
    .map(({ comparison: { contender, goal }, ratio }) => {
      const color = goal === undefined ? COLORS.other : COLORS.ours
      return { name: contender, value: Number(((ratio - 1) * 100).toFixed(1)), color }
    })
  return drawBars({
    title: `What the extension adds to the CPU time of ${MAIN_OPERATION}`,
    subtitle: 'Per cent of what a bare PrismaClient takes, or of what is named: the median of the rounds',
    panels: [{ title: '% more CPU', bars, label: (value) => `${value} %` }],
  })
}
