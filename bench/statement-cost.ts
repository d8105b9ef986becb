import { type SqlDriverAdapter, sql } from '../src/driver/driver-adapter.ts'
import { systemClock } from '../src/pools/clock.ts'
import { quantile } from './compare.ts'
import { type FakeBranch, FakePools } from './fake-pools.ts'
import { shuffled } from './shuffled.ts'

export const FEW = 10
export const MANY = 10_000
const SIZES = [FEW, 1_000, MANY]
/** Between two looks at the time. Each of many pools gets one. */
export const STATEMENTS = MANY
const IN_A_ROW = 10
/** Rounds before anything is measured. */
const WARM_UP = 3

const FAR_AWAY = 3_600_000

/** Nothing comes due while it is measured. */
export const SETTINGS = {
  'max-age': { maxAge: FAR_AWAY },
  'all on': { maxAge: FAR_AWAY, idleTimeout: FAR_AWAY, healthChecks: true, probeInterval: FAR_AWAY },
}

/** Something that runs statements on databases that answer at once. */
export interface StatementContender {
  what: string
  /** Of the pools; none of an adapter that is called directly. */
  settings: string
  open: number
  /** On how many of them the statements are, one after the other in turn. */
  used: number
  /** Runs `STATEMENTS` statements. */
  run(): unknown
  /** Nanoseconds of CPU per statement, and of time, round by round. */
  cpu: number[]
  wall: number[]
}

export async function contenders(): Promise<{ all: StatementContender[]; close(): Promise<void> }> {
  const all: StatementContender[] = []
  const fakes: FakePools[] = []
  const add = (what: string, settings: string, open: number, used: number, run: () => unknown) => {
    all.push({ what, settings, open, used, run, cpu: [], wall: [] })
  }
  for (const [settings, options] of Object.entries(SETTINGS)) {
    for (const open of SIZES) {
      const fake = new FakePools(options, systemClock)
      fakes.push(fake)
      const branches = await fake.openMany(open)
      for (const used of new Set([FEW, open])) {
        const some = branches.slice(0, used)
        const managed = some.map((branch) => branch.managed)
        add('queryRaw', settings, open, used, () => query(managed))
        add('Pools.use, end', settings, open, used, () => use(fake, some))
        if (used === FEW) add('BEGIN, COMMIT', settings, open, used, () => transact(managed))
        if (used < MANY) continue
        // Tells apart what the number of pools costs and what it costs that a pool has left the processor's cache.
        let visits = 0
        add(`queryRaw, ${IN_A_ROW} in a row`, settings, open, used, () => {
          visits += STATEMENTS / IN_A_ROW
          return query(managed, IN_A_ROW, visits)
        })
      }
    }
  }
  const [fake] = fakes as [FakePools]
  for (const used of SIZES) {
    const adapters = await Promise.all(Array.from({ length: used }, () => fake.driver.factory().connect()))
    add('direct', '', 0, used, () => query(adapters))
  }
  return { all, close: async () => void (await Promise.all(fakes.map((each) => each.close()))) }
}

export async function runRounds(all: StatementContender[], rounds: number): Promise<void> {
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const contender of shuffled(all)) {
      const started = performance.now()
      const before = process.cpuUsage()
      await contender.run()
      const { user, system } = process.cpuUsage(before)
      const took = performance.now() - started
      if (round < 0) continue
      contender.cpu.push(((user + system) * 1e3) / STATEMENTS)
      contender.wall.push((took * 1e6) / STATEMENTS)
    }
    if (round % 10 === 0) console.log(`statements, round ${round} of ${rounds}`)
  }
}

const SELECT = sql('SELECT 1')

/** @param inARow statements at each visit of an adapter, the first of which is that with the number `first` */
async function query(adapters: SqlDriverAdapter[], inARow = 1, first = 0): Promise<void> {
  for (let i = 0; i < STATEMENTS; i++) {
    const visit = first + Math.floor(i / inARow)
    await (adapters[visit % adapters.length] as SqlDriverAdapter).queryRaw(SELECT)
  }
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
    const pool = pools.acquire((branches[i % branches.length] as FakeBranch).datasource, undefined)
    if (pool instanceof Promise) throw new Error('The pool was to be live')
    pool.succeeded()
    pool.end()
  }
}

/** Nanoseconds of CPU per statement: the median of the rounds' differences. */
export function beyond({ cpu }: StatementContender, baseline: StatementContender): number {
  const differences = cpu.map((each, round) => each - (baseline.cpu[round] as number))
  return quantile(differences, 0.5)
}

/** The median of the rounds' ratios. */
export function ratio({ cpu }: StatementContender, baseline: StatementContender): number {
  const ratios = cpu.map((each, round) => each / (baseline.cpu[round] as number))
  return quantile(ratios, 0.5)
}
