import { measureAtRest } from './at-rest.ts'
import { quantile } from './compare.ts'
import { atMost, type Goal, type Result } from './result.ts'
import {
  beyond,
  contenders,
  FEW,
  MANY,
  ratio,
  runRounds,
  SETTINGS,
  STATEMENTS,
  type StatementContender,
} from './statement-cost.ts'

const REST_ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9)
const ROUNDS = REST_ROUNDS * 6

/** What open pools cost: at rest, and per statement. */
export async function cleanup(): Promise<Result> {
  const rest = await measureAtRest(MANY, REST_ROUNDS)
  const { all, close } = await contenders()
  await runRounds(all, ROUNDS)
  await close()
  const noise = Math.max(...rest.none) - Math.min(...rest.none)
  const median = (values: number[]) => quantile(values, 0.5)
  return {
    name: 'cleanup',
    title: `What open pools cost: CPU in a second at rest (median of ${REST_ROUNDS}), and per statement (median of ${ROUNDS} rounds of ${STATEMENTS})`,
    rows: [
      restRow('at rest', 0, rest.none),
      restRow('at rest', MANY, rest.pools),
      ...all.map(({ what, settings, open, used, cpu, wall }) => ({
        what,
        settings,
        'pools open': open,
        used,
        CPU: `${Math.round(median(cpu))} ns`,
        quartiles: [0.25, 0.75].map((share) => Math.round(quantile(cpu, share))).join('–'),
        time: `${Math.round(median(wall))} ns`,
      })),
    ],
    goals: [
      atMost(`times the library woke up in ${REST_ROUNDS} s at rest with ${MANY} pools`, 0, rest.wakeUps),
      atMost(
        'ms of CPU in a second at rest beyond that without pools (at most as much as seconds without differ)',
        Number(noise.toFixed(3)),
        median(rest.pools) - median(rest.none),
      ),
      ...Object.keys(SETTINGS).flatMap((settings) => statementGoals(all, settings)),
    ],
    data: { rest, statements: all.map(({ run, ...measured }) => measured) },
  }
}

function restRow(what: string, open: number, seconds: number[]) {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(seconds, share).toFixed(2))
  return { what, settings: 'all on', 'pools open': open, used: 0, CPU: `${middle} ms`, quartiles: `${low}–${high}` }
}

function statementGoals(all: StatementContender[], settings: string): Goal[] {
  const find = (what: string, open: number, used: number): StatementContender => {
    const found = all.find((each) => {
      return each.what === what && [settings, ''].includes(each.settings) && each.open === open && each.used === used
    })
    if (found === undefined) throw new Error(`No contender ${what} with ${open} pools, ${used} used`)
    return found
  }
  const few = find('queryRaw', FEW, FEW)
  return [FEW, MANY].flatMap((used) => {
    const many = find('queryRaw', MANY, used)
    const title = `queryRaw, ${settings}, ${used} of ${MANY} pools used in turn`
    return [
      atMost(`${title}: µs of CPU beyond the adapter's own`, 1, beyond(many, find('direct', 0, used)) / 1_000),
      atMost(`${title}: beside ${FEW} of ${FEW}`, 1.2, ratio(many, few)),
    ]
  })
}
