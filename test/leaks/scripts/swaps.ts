import { ManualClock } from '../../kit/manual-clock.ts'
import { heapUsed, listenersLeft, timersLeft, watchListeners } from '../kit/census.ts'
import { fakeBranches } from '../kit/fake-branches.ts'
import { FakeDriver } from '../kit/fake-driver.ts'
import { leaks } from '../kit/leaks.ts'
import type { Held, SwapReport } from '../kit/swap-report.ts'

// Swaps the pools of many branches at max-age again and again, and prints what the process holds in between. Arguments:
// branches, swaps, and, to show that it would be found, what to leak at each swap.

const MAX_AGE = 60_000
const SAMPLES = 10

const [branches, swaps, leak] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]]

watchListeners()
const clock = new ManualClock()
const driver = new FakeDriver()
const prisma = fakeBranches(driver, { maxClients: branches, maxAge: MAX_AGE }, clock)
const clients = Array.from({ length: branches }, (_, index) => prisma.$branch(`b${index}`))
const visitAll = () => Promise.all(clients.map((client) => client.$queryRaw`SELECT 1`))

await visitAll()
const before = driver.closed
if (leak !== undefined) driver.onClosed = leaks[leak as keyof typeof leaks]

async function swap(times: number, afterwards: (swapped: number) => Promise<void>): Promise<Held> {
  for (let round = 1; round <= times / branches; round++) {
    // In turn: idle pools are closed by their timers, and found obsolete by the next statement before these can fire.
    if (round % 2 === 1) await clock.advance(MAX_AGE)
    else clock.jump(MAX_AGE)
    await visitAll()
    await clock.settle()
    await afterwards(round * branches)
  }
  return {
    open: driver.opened - driver.closed,
    listeners: listenersLeft(),
    timers: clock.timers,
    nodeTimers: timersLeft(),
  }
}

const half = swaps / 2
const halfWay = await swap(half, async () => {})
const series: SwapReport['series'] = []
const atTheEnd = await swap(half, async (swapped) => {
  if (swapped % (half / SAMPLES) === 0) series.push({ x: driver.closed - before, y: await heapUsed() })
})
console.log(JSON.stringify({ swaps: driver.closed - before, series, halfWay, atTheEnd } satisfies SwapReport))
