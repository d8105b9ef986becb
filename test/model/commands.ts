import fc from 'fast-check'
import type { OpenUnit } from './application.ts'
import type { Bench } from './bench.ts'
import type { Foreseeable } from './fake-driver.ts'
import type { Fate } from './ledger.ts'

/** Numbers that choose among what there is at that moment: the n-th branch, unit or transaction, counted round. */
type Choice = number

/** What the application, the database and time do. Plain data, so that fast-check can shrink and print it. */
export type Command =
  | { readonly do: 'statement' | 'begin'; branch: Choice; unit: Choice | undefined; fate: Fate }
  | { readonly do: 'within'; transaction: Choice; fate: Fate }
  | { readonly do: 'end'; transaction: Choice; how: 'commit' | 'rollback'; fate: Fate }
  | { readonly do: 'start unit' }
  | { readonly do: 'end unit'; unit: Choice }
  | { readonly do: 'connect' | 'close' | 'dispose'; branch: Choice }
  | { readonly do: 'close all' | 'close obsolete' }
  | { readonly do: 'foresee'; branch: Choice; what: Foreseeable; fate: Fate }
  | { readonly do: 'let go'; branch: Choice }
  | { readonly do: 'steps'; count: number; burst: boolean }
  | { readonly do: 'pass'; ms: number; steps: number }
  | { readonly do: 'pass to deadline'; less: number; steps: number }
  | { readonly do: 'jump'; ms: number }
  | { readonly do: 'move wall'; ms: number }

const choice = fc.nat({ max: 9 })
const fate = fc.constantFrom<Fate>('ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'lost', 'refused', 'hang')
const unit = fc.option(choice, { nil: undefined, freq: 2 })
const sometime = fc.constantFrom(1, 5, 10, 20, 40, 100, 300)
const some = fc.nat({ max: 4 })

function weighed(...weights: [number, fc.Arbitrary<Command>][]): fc.Arbitrary<Command> {
  return fc.oneof(...weights.map(([weight, arbitrary]) => ({ weight, arbitrary })))
}

const command = weighed(
  [14, fc.record({ do: fc.constant('statement'), branch: choice, unit, fate })],
  [5, fc.record({ do: fc.constant('begin'), branch: choice, unit, fate })],
  [2, fc.record({ do: fc.constant('within'), transaction: choice, fate })],
  [5, fc.record({ do: fc.constant('end'), transaction: choice, how: fc.constantFrom('commit', 'rollback'), fate })],
  [3, fc.record({ do: fc.constant('start unit') })],
  [1, fc.record({ do: fc.constant('end unit'), unit: choice })],
  [2, fc.record({ do: fc.constantFrom('connect', 'close', 'dispose'), branch: choice })],
  [1, fc.record({ do: fc.constantFrom('close obsolete', 'close obsolete', 'close all') })],
  [
    5,
    fc.record({
      do: fc.constant('foresee'),
      branch: choice,
      what: fc.constantFrom<Foreseeable>('connect', 'pragma', 'probe', 'probe', 'end', 'dispose'),
      fate: fc.constantFrom<Fate>('lost', 'refused', 'hang'),
    }),
  ],
  [2, fc.record({ do: fc.constant('let go'), branch: choice })],
  [24, fc.record({ do: fc.constant('steps'), count: fc.integer({ min: 1, max: 6 }), burst: fc.boolean() })],
  [6, fc.record({ do: fc.constant('pass'), ms: sometime, steps: some })],
  [6, fc.record({ do: fc.constant('pass to deadline'), less: fc.constantFrom(0, 0, 1), steps: some })],
  [2, fc.record({ do: fc.constant('jump'), ms: sometime })],
  [1, fc.record({ do: fc.constant('move wall'), ms: fc.constantFrom(-1_000, 30, 1_000) })],
)

/** One after the other; `rushed` means that the one after it comes in the same turn. */
export type Rushed = Command & { readonly rushed: boolean }

export const MOST_COMMANDS = 60

export const anyCommands: fc.Arbitrary<Rushed[]> = fc.array(
  fc.tuple(command, fc.boolean()).map(([it, rushed]) => ({ ...it, rushed })),
  { minLength: 1, maxLength: MOST_COMMANDS, size: 'max' },
)

function pick<T>(from: readonly T[], choice: Choice | undefined): T | undefined {
  return choice === undefined ? undefined : from[choice % from.length]
}

/** Mostly one that has not ended, but work may outlive its unit. */
function pickUnit(units: readonly OpenUnit[], choice: Choice | undefined): OpenUnit | undefined {
  const open = units.filter(({ ended }) => !ended)
  return choice === 9 ? pick(units, units.length - 1) : pick(open, choice)
}

/** Does it, as far as there is something to do it to. What it sets off may go on for long. */
export async function perform(bench: Bench, it: Command): Promise<void> {
  const { application } = bench
  const branch = pick(bench.branches, 'branch' in it ? it.branch : 0)
  const transaction = pick(
    application.transactions.filter(({ busy }) => busy === 0),
    'transaction' in it ? it.transaction : undefined,
  )
  const unit = pickUnit(application.units, 'unit' in it ? it.unit : undefined)
  if (branch === undefined) return
  bench.ledger.tell('->', it)
  if (it.do === 'statement') void application.statement(branch, unit, it.fate)
  else if (it.do === 'begin') void application.begin(branch, unit, it.fate)
  else if (it.do === 'within' && transaction !== undefined) void application.within(transaction, it.fate)
  else if (it.do === 'end' && transaction !== undefined) void application.end(transaction, it.how, it.fate)
  else if (it.do === 'start unit') application.startUnit()
  else if (it.do === 'end unit') unit?.end()
  else if (it.do === 'connect') void application.connect(branch, undefined)
  else if (it.do === 'close') void application.close(branch)
  else if (it.do === 'dispose') void application.dispose(branch)
  else if (it.do === 'close all') void application.close(undefined)
  else if (it.do === 'close obsolete') void application.closeObsolete(bench.setting.settings.maxAge)
  else if (it.do === 'foresee') branch.database.foresee(it.what, it.fate)
  else if (it.do === 'let go') bench.steps.letGo((what) => what.endsWith(branch.name))
  else if (it.do === 'steps') await steps(bench, it.count, it.burst)
  else if (it.do === 'pass') await pass(bench, it.ms, it.steps)
  else if (it.do === 'pass to deadline') await passToDeadline(bench, it.less, it.steps)
  else if (it.do === 'jump') await jump(bench, it.ms)
  else if (it.do === 'move wall') await moveWall(bench, it.ms)
}

/** @param burst answers that come so close together that what follows from one has not happened when the next comes */
async function steps(bench: Bench, count: number, burst: boolean): Promise<void> {
  for (let i = 0; i < count; i++) {
    await bench.steps.one()
    if (!burst) await bench.rest()
  }
}

/** Time passes as it does for an idle process: each timer fires at its time. */
async function pass(bench: Bench, ms: number, between: number): Promise<void> {
  await bench.rest()
  let left = ms
  while (bench.clock.untilNext <= left) {
    left -= Math.max(0, bench.clock.untilNext)
    bench.clock.fireNext()
    await bench.rest()
    await steps(bench, between, false)
  }
  await jump(bench, left)
}

async function passToDeadline(bench: Bench, less: number, between: number): Promise<void> {
  const ms = bench.clock.untilNext - less
  if (ms !== Infinity && ms >= 0) await pass(bench, ms, between)
}

/** The event loop was blocked: what became due fires later, maybe after answers that came meanwhile. */
async function jump(bench: Bench, ms: number): Promise<void> {
  // Time stands still within a turn: no code takes milliseconds between two promise reactions.
  await bench.rest()
  bench.clock.jump(ms)
}

async function moveWall(bench: Bench, ms: number): Promise<void> {
  await bench.rest()
  bench.clock.moveWall(ms)
}
