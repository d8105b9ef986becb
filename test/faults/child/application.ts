import { setTimeout as delay } from 'node:timers/promises'
import type { BranchesOptions } from '../../../src/settings/options.ts'
import type { IsolationRecord } from '../../kit/isolation-record.ts'
import { type Contender, type ExtensionContender, extensionContender, mapContender } from '../contender.ts'
import { Crossings } from '../crossings.ts'
import { Load, type Operation } from '../load.ts'

/** What the application is started with, as JSON in its first argument. */
export interface ApplicationSettings {
  contender: 'extension' | 'Map'
  url: string
  branches: readonly string[]
  options: Partial<Pick<BranchesOptions, 'maxAge' | 'maxAgeJitter' | 'healthChecks' | 'drainTimeout'>>
}

/** What it says before it ends. Times are milliseconds since the epoch. */
export interface ApplicationReport {
  operations: Operation[]
  /** What was asked and read. */
  record: IsolationRecord
  /** What is left of the extension. */
  pools: number
  timers: number
}

const { branches, contender: name, options, url } = JSON.parse(process.argv[2] as string) as ApplicationSettings
const contender: Contender & Partial<ExtensionContender> =
  name === 'extension' ? extensionContender(() => url, options) : mapContender(() => url)
const load = new Load(contender, branches)
const crossings = Crossings.beside(load, contender, branches)
const finish = () => Promise.all([load.finish(), crossings?.finish()])

// An orphan has nothing to do.
process.once('disconnect', orphaned)
// Told by its parent to be busy, or to end when it has done its work; told to end at once, as by an orchestrator.
process.on('message', (message) => {
  if (message === 'busy') void load.keepBusy().then(() => process.send?.('busy'))
  else void report(finish())
})
process.once('SIGTERM', () => {
  const finished = finish()
  void report(contender.close().then(() => finished))
})

while (load.settledIn < 500 || crossings?.lapped === false) await delay(50)
process.send?.('warm')

async function report(finished: Promise<unknown>): Promise<void> {
  await finished
  // Work of several steps that was under way has connected again.
  await contender.close()
  const sinceEpoch = (time: number) => time + performance.timeOrigin
  const operations = load.operations.map((operation) => {
    const { startedAt, endedAt } = operation
    return {
      ...operation,
      startedAt: sinceEpoch(startedAt),
      ...(endedAt === undefined ? {} : { endedAt: sinceEpoch(endedAt) }),
    }
  })
  const pools = contender.stats?.().length ?? 0
  process.send?.({ operations, record: load.recorder.record, pools, timers: contender.clock?.timers ?? 0 })
  // Without its parent, there is nothing left that could keep it.
  process.off('disconnect', orphaned)
  process.disconnect()
}

function orphaned(): void {
  process.exit(1)
}
