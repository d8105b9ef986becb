import { expect, it } from 'vitest'
import { runScript } from './kit/run-script.ts'
import { slope } from './kit/slope.ts'
import type { SwapReport } from './kit/swap-report.ts'

/** Of heap, that a swap may leave behind. The smallest thing that could be kept of one, its closed adapter, has 1,700. */
const BYTES_PER_SWAP = 100

function bytesPerSwap({ series }: SwapReport): number {
  return slope(series)
}

it('D3: 100,000 swaps in 1,000 clients leave nothing behind: no heap, listener, timer or connection', async ({
  task,
}) => {
  const started = performance.now()
  const report = await runScript<SwapReport>('swaps.ts', 1_000, 100_000)
  task.meta.row = {
    'what happened': 'swaps',
    times: report.swaps,
    'bytes left by each': bytesPerSwap(report).toFixed(1),
    'MB of heap': Math.round((report.series.at(-1)?.y ?? 0) / 1_000_000),
    seconds: Math.round((performance.now() - started) / 1_000),
  }
  expect(report.swaps).toBe(100_000)
  expect(report.series).toHaveLength(10)
  expect(bytesPerSwap(report)).toBeLessThan(BYTES_PER_SWAP)
  const { halfWay, atTheEnd } = report
  expect(atTheEnd).toMatchObject({ open: 1_000, listeners: halfWay.listeners })
  // One for each live pool, and one for those that waited for room under maxClients.
  expect(atTheEnd.timers).toBeLessThanOrEqual(1_001)
  // Node and Prisma have one now and then.
  expect(atTheEnd.nodeTimers - halfWay.nodeTimers).toBeLessThan(10)
})

it('the measure finds an adapter that is kept at each swap', async () => {
  const report = await runScript<SwapReport>('swaps.ts', 50, 10_000, 'adapter')
  expect(bytesPerSwap(report)).toBeGreaterThan(10 * BYTES_PER_SWAP)
})

it('the measure finds a listener that is left at each swap', async () => {
  const { halfWay, atTheEnd } = await runScript<SwapReport>('swaps.ts', 50, 1_000, 'listener')
  expect(atTheEnd.listeners - halfWay.listeners).toBe(500)
})

it('the measure finds a timer that is left at each swap', async () => {
  const { halfWay, atTheEnd } = await runScript<SwapReport>('swaps.ts', 50, 1_000, 'nodeTimer')
  expect(atTheEnd.nodeTimers - halfWay.nodeTimers).toBeGreaterThanOrEqual(490)
})
