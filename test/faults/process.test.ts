import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, type TestContext } from 'vitest'
import type { PostgresDatabase } from '../kit/postgres-database.ts'
import { terminate } from './backends.ts'
import type { ApplicationSettings } from './child/application.ts'
import { ApplicationProcess } from './child-process.ts'
import { crossed } from './crossed.ts'
import { DRAIN_TIMEOUT } from './slack.ts'
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
        crossed: await crossed(report.record, database),
        connections: await database.connections(),
      }
    } finally {
      await database.disconnect()
    }
  }

  /** The fault under the extension, with everything that must hold; then under a Map, to show that it bites. */
  const compare = async (
    task: TestContext['task'],
    options: ApplicationSettings['options'],
    fault: Parameters<typeof run>[1],
    cells: Record<string, string> = {},
  ) => {
    const { report, verdict, wrong, crossed, connections } = await run({ contender: 'extension', options }, fault)
    task.meta.row = { ...tableRow(task.name, verdict), ...cells }
    expect(verdict.failed).toEqual([])
    expect(verdict.hung).toEqual([])
    expect(wrong).toEqual([])
    expect(crossed).toEqual([])
    expect(connections).toBe(0)
    expect(report).toMatchObject({ pools: 0, timers: 0 })
    const map = await run({ contender: 'Map', options: {} }, fault)
    task.meta.row = { ...tableRow(task.name, verdict, map.verdict), ...cells }
    expect(unserved(map.verdict)).toBeGreaterThan(0)
  }

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
    await compare(task, { maxAge: 1_500, maxAgeJitter: 0 }, freeze)
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
    await compare(task, { maxAge: 60_000, drainTimeout: DRAIN_TIMEOUT }, end, ENDED)
  })
})
