import { expect, it } from 'vitest'
import { runScript } from './kit/run-script.ts'
import { type Point, slope } from './kit/slope.ts'

interface VisitReport {
  /** Bytes of heap over branches. */
  series: Point[]
  open: number
}

/** Of heap, that a branch visited once may leave behind. Its client has more than 100,000. */
const BYTES_PER_BRANCH = 100

function bytesPerBranch({ series }: VisitReport): number {
  return slope(series.slice(series.length / 2))
}

it('C1: 20,000 branches visited once, with maxClients 20, leave no heap behind', async ({ task }) => {
  const started = performance.now()
  const report = await runScript<VisitReport>('visits.ts', 20_000)
  const { x: branches = 0, y: heap = 0 } = report.series.at(-1) ?? {}
  task.meta.row = {
    'what happened': 'branches visited',
    times: branches,
    'bytes left by each': bytesPerBranch(report).toFixed(1),
    'MB of heap': Math.round(heap / 1_000_000),
    seconds: Math.round((performance.now() - started) / 1_000),
  }
  expect(report.series).toHaveLength(20)
  expect(bytesPerBranch(report)).toBeLessThan(BYTES_PER_BRANCH)
  expect(report.open).toBe(20)
})

it('the measure finds the clients of visited branches when something keeps them', async () => {
  const report = await runScript<VisitReport>('visits.ts', 400, 'leak')
  expect(bytesPerBranch(report)).toBeGreaterThan(1_000 * BYTES_PER_BRANCH)
})
