import type { Scheduler } from 'fast-check'
import { Bench } from './bench.ts'
import { perform, type Rushed } from './commands.ts'
import type { Coverage } from './coverage.ts'
import type { Setting } from './settings.ts'

/** More steps than any run needs to come to its end. */
const ENOUGH = 5_000

/** Does the commands, then ends everything and looks at what is left. */
export async function run(setting: Setting, commands: readonly Rushed[], scheduler: Scheduler, coverage: Coverage) {
  const bench = new Bench(scheduler, setting, coverage)
  const onRejection = (reason: unknown) => bench.ledger.blame('D3: no unhandled rejection', reason)
  process.on('unhandledRejection', onRejection)
  try {
    for (const command of commands) {
      await perform(bench, command)
      if (!command.rushed) await bench.rest()
      check(bench)
    }
    await end(bench)
    check(bench)
  } catch (error) {
    throw bench.ledger.violations.length > 0 ? failure(bench, undefined) : failure(bench, error)
  } finally {
    process.off('unhandledRejection', onRejection)
  }
}

async function end(bench: Bench): Promise<void> {
  const { settings, patient } = bench.setting
  for (const { database } of bench.branches) database.foreseeNothing()
  if (!patient && settings.drainTimeout !== Infinity && settings.acquireTimeout !== Infinity) {
    // Statements may hang for ever; closing does not wait for them longer than it says.
    bench.steps.letGo((what) => what.startsWith('connect') || what.startsWith('pragma'))
    let over = false
    void bench.application.close(undefined).then(() => {
      over = true
    })
    await go(bench, () => over)
    if (!over) bench.ledger.blame('D1: close() is over when drainTimeout is')
  }
  bench.steps.letAllGo()
  for (const unit of bench.application.units) unit.end()
  await go(
    bench,
    () => false,
    () => {
      for (const open of [...bench.application.transactions])
        if (open.busy === 0) void bench.application.end(open, 'commit', 'ok')
      // Databases in memory keep their places: who waits without end gets one when they are closed.
      for (const branch of settings.acquireTimeout === Infinity ? bench.branches : []) {
        if (branch.database.kind === 'memory' && bench.ledger.live(branch.name)) void bench.application.close(branch)
      }
      return bench.ledger.pending.size > 0 || bench.closing > 0
    },
  )
  if (patient) await go(bench, () => bench.clock.timers === 0)
  void bench.application.close(undefined)
  await go(
    bench,
    () => false,
    () => bench.closing > 0,
  )
  bench.over()
}

/** Lets happen what can, and time pass if nothing can, until it is `over` or nothing is `left` to wait for. */
async function go(bench: Bench, over: () => boolean, left: () => boolean = () => !over()): Promise<void> {
  for (let i = 0; i < ENOUGH; i++) {
    await bench.rest()
    check(bench)
    if (over()) return
    const more = left()
    if (bench.steps.count > 0) await bench.steps.one()
    else if (more && bench.clock.timers > 0) bench.clock.fireNext()
    else {
      // A call that `left` made may not have got to the driver yet.
      await bench.rest()
      if (bench.steps.count === 0 && (!left() || bench.clock.timers === 0)) return
    }
  }
  bench.ledger.blame('A run comes to its end')
}

function check(bench: Bench): void {
  if (bench.ledger.violations.length > 0) throw failure(bench, undefined)
}

function failure({ ledger }: Bench, cause: unknown): Error {
  const story = ledger.story.map((parts) =>
    parts.map((part) => (typeof part === 'string' ? part : show(part))).join('  '),
  )
  return new Error(`${ledger.violations[0] ?? cause}\n\n${story.join('\n')}\n`, { cause })
}

const show = (part: unknown): string => (part instanceof Error ? String(part) : JSON.stringify(part))
