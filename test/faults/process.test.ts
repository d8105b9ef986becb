import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, type TestContext } from 'vitest'
import type { PostgresDatabase } from '../kit/postgres-database.ts'
import { terminate } from './backends.ts'
import type { ApplicationReport, ApplicationSettings } from './child/application.ts'
import { ApplicationProcess } from './child-process.ts'
import { BRANCHES, faultStage } from './stage.ts'
import { judge, type Outage, over, tableRow, unserved, wrongWrites } from './verdict.ts'

/** Nothing is served after the end of the process. */
const ENDED = { recovery: '–', 'Map: recovery': '–' }

describe('faults of the process', () => {
  const stage = faultStage()

  /** An application on a database of its own, and what became of its work. */
  const run = async (
    settings: Pick<ApplicationSettings, 'contender' | 'options'>,
    fault: (application: ApplicationProcess, database: PostgresDatabase) => Promise<Outage>,
  ) => {
    const database = await stage().newDatabase()
    try {
      const application = await ApplicationProcess.start({ ...settings, url: database.url, branches: BRANCHES })
      const outage = await fault(application, database)
      const report = await application.report()
      return {
        report,
        verdict: judge(report.operations, [outage], BRANCHES),
        wrong: await wrongWrites(database, report.operations, BRANCHES),
        connections: await database.connections(),
      }
    } finally {
      await database.disconnect()
    }
  }

  const nothingLeft = ({ pools, timers }: ApplicationReport) =>
    expect({ pools, timers }).toEqual({ pools: 0, timers: 0 })

  it('frozen past max-age, and its connections cut meanwhile: fails what was on one, and nothing else', async ({
    task,
  }: TestContext) => {
    const freeze = async (application: ApplicationProcess, database: PostgresDatabase): Promise<Outage> => {
      await application.keepBusy()
      const from = performance.now()
      application.signal('SIGSTOP')
      const { cut } = await terminate(database)
      await delay(2_000)
      application.signal('SIGCONT')
      const outage = { from, cut, to: await over() }
      await delay(1_500)
      application.finish()
      return outage
    }
    const { report, verdict, wrong, connections } = await run(
      { contender: 'extension', options: { maxAge: 1_500, maxAgeJitter: 0 } },
      freeze,
    )
    task.meta.row = tableRow(task.name, verdict)
    expect(verdict.failed).toEqual([])
    expect(verdict.hung).toEqual([])
    expect(wrong).toEqual([])
    expect(connections).toBe(0)
    nothingLeft(report)
    const map = await run({ contender: 'Map', options: {} }, freeze)
    task.meta.row = tableRow(task.name, verdict, map.verdict)
    expect(unserved(map.verdict)).toBeGreaterThan(0)
  })

  it('SIGTERM under load: what is under way finishes, and the process ends by itself', async ({
    task,
  }: TestContext) => {
    const end = async (application: ApplicationProcess): Promise<Outage> => {
      await application.keepBusy()
      const from = performance.now()
      application.signal('SIGTERM')
      return { from, to: from, cut: 0 }
    }
    const started = performance.now()
    const { report, verdict, wrong, connections } = await run(
      { contender: 'extension', options: { maxAge: 60_000, drainTimeout: 10_000 } },
      end,
    )
    task.meta.row = { ...tableRow(task.name, verdict), ...ENDED }
    expect(performance.now() - started).toBeLessThan(20_000)
    expect(verdict.failed).toEqual([])
    expect(verdict.hung).toEqual([])
    expect(wrong).toEqual([])
    expect(connections).toBe(0)
    nothingLeft(report)
    const map = await run({ contender: 'Map', options: {} }, end)
    task.meta.row = { ...tableRow(task.name, verdict, map.verdict), ...ENDED }
    expect(unserved(map.verdict)).toBeGreaterThan(0)
  })
})
