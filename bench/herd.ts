import { sql } from '../src/driver/driver-adapter.ts'
import { ManualClock } from '../test/kit/manual-clock.ts'
import { quantile } from './compare.ts'
import { type FakeBranch, FakePools } from './fake-pools.ts'
import { atMost, type Result } from './result.ts'

const BRANCHES = 200
/** Max-ages, in seconds. The first is the one that is plotted, and that the goal is about. */
const MAX_AGES = [60, 10]
/** How many max-ages a run lasts. */
const GENERATIONS = 6
const JITTERS = [0, 0.1]
/** Jitter is random: several runs of each, of which the first is plotted. */
const RUNS = Number(process.env.BENCH_ROUNDS ?? 5)

/** Milliseconds. Each branch has a statement in each fourth tick. */
const TICK = 50
const TURNS = 4
const TICKS_PER_SECOND = 1_000 / TICK

interface Herd {
  maxAge: number
  jitter: number
  /** Of each run, how many pools were connected in each second. */
  runs: number[][]
}

/** Branches opened within one second: when their pools are opened again. */
export async function herd(): Promise<Result> {
  const herds: Herd[] = []
  for (const maxAge of MAX_AGES) {
    for (const jitter of JITTERS) {
      const runs: number[][] = []
      for (let run = 0; run < RUNS; run++) runs.push(await simulate(maxAge, jitter))
      herds.push({ maxAge, jitter, runs })
      console.log(`max-age ${maxAge} s, jitter ${jitter}: ${RUNS} runs of ${maxAge * GENERATIONS} s`)
    }
  }
  const [without, withJitter] = herds as [Herd, Herd]
  return {
    name: 'herd',
    title: `${BRANCHES} branches opened within a second, each with 5 statements per second: most connects in one second, by how many max-ages have passed (median of ${RUNS} runs)`,
    rows: herds.map((each) => ({
      'max-age': `${each.maxAge} s`,
      jitter: each.jitter,
      ...Object.fromEntries(
        Array.from({ length: GENERATIONS }, (_, n) => [n === 0 ? 'opened' : `at ${n}`, generationPeak(each, n)]),
      ),
    })),
    goals: [
      atMost(
        `the most connects per second after the opening, with jitter beside without, at max-age ${without.maxAge} s`,
        0.5,
        peak(withJitter) / peak(without),
      ),
    ],
    data: { herds },
    plot: () => plot(without, withJitter),
  }
}

/** Of the first run of each. */
async function plot(without: Herd, withJitter: Herd): Promise<string> {
  const { draw } = await import('../proof/soak/plot.ts')
  const panels = [without, withJitter].map(({ jitter, runs: [run = []] }) => {
    const name = `jitter ${jitter}`
    const color = jitter === 0 ? '#c0392b' : '#1f77b4'
    // Of each second a step.
    const points = run.flatMap((y, x) => [
      { x, y },
      { x: x + 1, y },
    ])
    return { title: `maxAgeJitter: ${jitter}`, unit: 'connects / s', lines: [{ name, color, points }] }
  })
  return draw({
    title: `${BRANCHES} branches opened within a second, max-age ${without.maxAge} s: pools connected in each second`,
    subtitle:
      'Each branch has 5 statements per second, so a pool that is closed at max-age is opened again at once.\nTime in minutes:seconds, on an injected clock.',
    seconds: without.maxAge * GENERATIONS,
    panels,
    faults: [],
  })
}

/** @returns how many pools were connected in each second */
async function simulate(maxAge: number, maxAgeJitter: number): Promise<number[]> {
  const clock = new ManualClock()
  const fake = new FakePools({ maxAge: maxAge * 1_000, maxAgeJitter }, clock)
  const branches: FakeBranch[] = []
  const perTick = BRANCHES / TICKS_PER_SECOND
  const connects: number[] = []
  for (let second = 0; second < maxAge * GENERATIONS; second++) {
    const before = fake.driver.opened
    for (let tick = 0; tick < TICKS_PER_SECOND; tick++) {
      for (let i = 0; i < perTick && second === 0; i++) branches.push(await fake.open(`branch_${branches.length}`))
      const due = branches.filter((_, index) => index % TURNS === tick % TURNS)
      await Promise.all(due.map(({ managed }) => managed.queryRaw(SELECT)))
      await clock.advance(TICK)
    }
    connects.push(fake.driver.opened - before)
  }
  await fake.close()
  return connects
}

const SELECT = sql('SELECT 1')

/** Around the time when `generation` max-ages have passed since the opening. Jitter brings pools forward. */
function generationPeak({ maxAge, runs }: Herd, generation: number): number {
  const [from, to] = [(generation - 0.5) * maxAge, (generation + 0.5) * maxAge]
  return medianPeak(runs.map((run) => run.slice(Math.max(0, Math.round(from)), Math.round(to))))
}

function peak({ runs }: Herd): number {
  return medianPeak(runs.map((run) => run.slice(1)))
}

function medianPeak(runs: number[][]): number {
  return quantile(
    runs.map((run) => Math.max(...run)),
    0.5,
  )
}
