import type { Scheduler } from 'fast-check'
import { Bench } from './bench.ts'
import { perform, type Rushed } from './commands.ts'
import type { Coverage } from './coverage.ts'
import type { Setting } from './settings.ts'

/** More steps than any run needs to come to its end. */
const ENOUGH = 400

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
  const { application, branches, ledger, setting, steps } = bench
  const { acquireTimeout, closeTimeout, drainTimeout } = setting.settings
  for (const { database } of branches) database.foreseeNothing()
  if (!setting.patient && drainTimeout !== Infinity) {
    // Whatever hangs for ever: closing does not wait for it longer than drainTimeout and closeTimeout (rule L5).
    let over = false
    void application.close(undefined).then(() => {
      over = true
    })
    await settle(bench, () => !over)
    if (!over)
      ledger.blame(`L5: close() is over after drainTimeout and closeTimeout (${drainTimeout + closeTimeout} ms)`)
  }
  steps.letAllGo()
  for (const unit of application.units) unit.end()
  await settle(bench, () => {
    endTransactions(bench)
    if (acquireTimeout === Infinity) closeMemory(bench)
    return ledger.pending.size > 0 || bench.closing > 0
  })
  // Whether pools end by themselves, and whether they can be closed before they do.
  if (setting.patient) await settle(bench, () => true)
  void application.close(undefined)
  await settle(bench, () => bench.closing > 0)
  bench.over()
}

function endTransactions({ application }: Bench): void {
  const idle = application.transactions.filter(({ busy }) => busy === 0)
  for (const transaction of idle) void application.end(transaction, 'commit', 'ok')
}

/** Databases in memory keep their places: who waits without end gets one when they are closed. */
function closeMemory({ application, branches, ledger }: Bench): void {
  const memory = branches.filter(({ database, name }) => database.kind === 'memory' && ledger.live(name))
  for (const branch of memory) void application.close(branch)
}

/** Lets everything happen that can, and time pass as long as something is `waiting` for that. */
async function settle(bench: Bench, waiting: () => boolean): Promise<void> {
  for (let i = 0; i < ENOUGH; i++) {
    await bench.rest()
    check(bench)
    const passes = waiting() && bench.clock.timers > 0
    if (bench.steps.count > 0) {
      await bench.steps.one()
    } else if (passes) {
      bench.clock.fireNext()
    } else {
      // What `waiting` has set off may not have got to the driver yet.
      await bench.rest()
      if (bench.steps.count === 0 && !(waiting() && bench.clock.timers > 0)) return
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
