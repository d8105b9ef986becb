import { systemClock } from '../src/clock.ts'
import { type SqlDriverAdapter, sql } from '../src/driver-adapter.ts'
import { measureAtRest } from './at-rest.ts'
import { quantile } from './compare.ts'
import { type FakeBranch, FakePools } from './fake-pools.ts'
import { atMost, type Goal, type Result } from './result.ts'

const MANY = 10_000
const FEW = 10
const REST_ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9) * 10
/** Statements between two looks at the time: each pool of many gets one. */
const STATEMENTS = MANY

/** Everything on that has to be looked at for each statement, and nothing that comes due. */
const ALL_ON = { maxAge: 3_600_000, idleTimeout: 3_600_000, healthChecks: true, probeInterval: 3_600_000 }

interface Contender {
  name: string
  /** How many pools are open. */
  open: number
  /** Runs `STATEMENTS` statements. */
  run(): unknown
  /** Nanoseconds of CPU per statement, and of time, round by round. */
  cpu: number[]
  wall: number[]
}

/** What open pools cost: at rest, and per statement. */
export async function cleanup(): Promise<Result> {
  const rest = await measureAtRest(MANY, REST_ROUNDS)
  const statements = await measureStatements()
  const noise = Math.max(...rest.none) - Math.min(...rest.none)
  const beyond = quantile(rest.pools, 0.5) - quantile(rest.none, 0.5)
  return {
    name: 'cleanup',
    title: `What open pools cost: ms of CPU in a second at rest (median of ${REST_ROUNDS}); ns per statement (median of ${ROUNDS} rounds of ${STATEMENTS})`,
    rows: [
      restRow('at rest', 0, rest.none),
      restRow('at rest', MANY, rest.pools),
      ...statements.rounds.map(({ name, open, cpu, wall }) => ({
        what: name,
        'open pools': open,
        CPU: `${Math.round(quantile(cpu, 0.5))} ns`,
        quartiles: [0.25, 0.75].map((share) => Math.round(quantile(cpu, share))).join('–'),
        time: `${Math.round(quantile(wall, 0.5))} ns`,
      })),
    ],
    goals: [
      atMost(`times the library woke up in ${REST_ROUNDS} s at rest with ${MANY} pools`, 0, rest.wakeUps),
      atMost('CPU at rest beyond that without pools, ms/s (at most as much as seconds without differ)', noise, beyond),
      ...statements.goals,
    ],
    data: { rest, statements: statements.rounds.map(({ name, open, cpu, wall }) => ({ name, open, cpu, wall })) },
  }
}

function restRow(what: string, open: number, seconds: number[]) {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(seconds, share).toFixed(2))
  return { what, 'open pools': open, CPU: `${middle} ms`, quartiles: `${low}–${high}`, time: '' }
}

async function measureStatements(): Promise<{ rounds: Contender[]; goals: Goal[] }> {
  const few = new FakePools(ALL_ON, systemClock)
  const many = new FakePools(ALL_ON, systemClock)
  const fewBranches = await few.openMany(FEW)
  const manyBranches = await many.openMany(MANY)
  const direct = (count: number) => Promise.all(Array.from({ length: count }, () => many.driver.factory().connect()))

  const on = (name: string, open: number, run: () => unknown): Contender => ({ name, open, run, cpu: [], wall: [] })
  const through = async (name: string, open: number, adapters: SqlDriverAdapter[] | Promise<SqlDriverAdapter[]>) => {
    const all = await adapters
    return on(name, open, () => query(all))
  }
  const managed = (branches: FakeBranch[]) => branches.map((branch) => branch.managed)
  const directFew = await through(`fake adapter called directly, ${FEW} in turn`, 0, direct(FEW))
  const directMany = await through(`fake adapter called directly, ${MANY} in turn`, 0, direct(MANY))
  const managedFew = await through(`queryRaw, ${FEW} branches in turn`, FEW, managed(fewBranches))
  const fewOfMany = await through(`queryRaw, ${FEW} branches in turn`, MANY, managed(manyBranches.slice(0, FEW)))
  const managedMany = await through(`queryRaw, ${MANY} branches in turn`, MANY, managed(manyBranches))
  const useFew = on(`Pools.use() and end(), ${FEW} in turn`, FEW, () => use(few, fewBranches))
  const useFewOfMany = on(`Pools.use() and end(), ${FEW} in turn`, MANY, () => use(many, manyBranches.slice(0, FEW)))
  const useMany = on(`Pools.use() and end(), ${MANY} in turn`, MANY, () => use(many, manyBranches))
  const beginFew = on(`BEGIN and COMMIT, ${FEW} in turn`, FEW, () => transact(managed(fewBranches)))
  const beginMany = on(`BEGIN and COMMIT, ${FEW} in turn`, MANY, () => transact(managed(manyBranches.slice(0, FEW))))
  const contenders = [
    ...[directFew, directMany, managedFew, fewOfMany, managedMany],
    ...[useFew, useFewOfMany, useMany, beginFew, beginMany],
  ]
  await runRounds(contenders)
  await Promise.all([few.close(), many.close()])
  return {
    rounds: contenders,
    goals: [
      atMost(`bookkeeping per statement, µs of CPU: ${FEW} of ${MANY} branches`, 1, beyond(fewOfMany, directFew)),
      atMost(`bookkeeping per statement, µs of CPU: ${MANY} branches in turn`, 1, beyond(managedMany, directMany)),
      atMost(`queryRaw on ${FEW} branches, with ${MANY} pools open beside ${FEW}`, 1.2, ratio(fewOfMany, managedFew)),
      atMost(`use() and end(), with ${MANY} pools open beside ${FEW}`, 1.2, ratio(useFewOfMany, useFew)),
      atMost(`BEGIN and COMMIT, with ${MANY} pools open beside ${FEW}`, 1.2, ratio(beginMany, beginFew)),
    ],
  }
}

/** In alternating order, so that a slow moment of the machine hits all alike. */
async function runRounds(contenders: Contender[]): Promise<void> {
  for (let round = -3; round < ROUNDS; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const started = performance.now()
      const before = process.cpuUsage()
      await contender.run()
      const { user, system } = process.cpuUsage(before)
      // The first rounds are for the compiler.
      if (round < 0) continue
      contender.cpu.push(((user + system) * 1_000) / STATEMENTS)
      contender.wall.push(((performance.now() - started) * 1e6) / STATEMENTS)
    }
    if (round % 10 === 0) console.log(`statements, round ${round} of ${ROUNDS}`)
  }
}

const SELECT = sql('SELECT 1')

async function query(adapters: SqlDriverAdapter[]): Promise<void> {
  for (let i = 0; i < STATEMENTS; i++) await (adapters[i % adapters.length] as SqlDriverAdapter).queryRaw(SELECT)
}

async function transact(adapters: SqlDriverAdapter[]): Promise<void> {
  for (let i = 0; i < STATEMENTS; i++) {
    const transaction = await (adapters[i % adapters.length] as SqlDriverAdapter).startTransaction()
    await transaction.commit()
  }
}

/** What a statement costs apart from the promises that the adapter's interface asks for. */
function use({ pools }: FakePools, branches: FakeBranch[]): void {
  for (let i = 0; i < STATEMENTS; i++) {
    const pool = pools.use((branches[i % branches.length] as FakeBranch).datasource, undefined)
    if (pool instanceof Promise) throw new Error('The pool was to be live')
    pool.succeeded()
    pool.end()
  }
}

/** Microseconds per statement: the median of the rounds' differences. */
function beyond(contender: Contender, baseline: Contender): number {
  const differences = contender.cpu.map((cpu, round) => cpu - (baseline.cpu[round] as number))
  return quantile(differences, 0.5) / 1_000
}

function ratio(contender: Contender, baseline: Contender): number {
  const ratios = contender.cpu.map((cpu, round) => cpu / (baseline.cpu[round] as number))
  return quantile(ratios, 0.5)
}
