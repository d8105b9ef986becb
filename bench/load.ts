import { setTimeout as delay } from 'node:timers/promises'
import { quantile } from './compare.ts'

/** What came of some seconds of work. */
export interface Load {
  /** That succeeded. */
  operations: number
  /** That succeeded in time, by the second. */
  throughput: number
  /** Milliseconds of this process for each that succeeded. */
  cpu: number
  /** Of those that succeeded, in milliseconds. */
  latencies: number[]
  /** How many failed, by the error. */
  failures: Record<string, number>
  /** How many had succeeded before the first one failed, if one did. */
  beforeFailure: number | undefined
}

/** An operation that takes longer counts as failed: a client that is disconnected may leave a query pending for ever. */
const PATIENCE = 10_000

type Operate = (number: number) => Promise<unknown>

/**
 * Works for some seconds, some operations at a time, after a lead-in in which only failures count. `operate` is called
 * with a number that grows.
 */
export async function load(workers: number, leadIn: number, seconds: number, operate: Operate): Promise<Load> {
  const before = await run(workers, leadIn, operate)
  const measured = await run(workers, seconds, operate)
  return { ...measured, failures: mergeFailures([before, measured]) }
}

async function run(workers: number, seconds: number, operate: Operate): Promise<Load> {
  const latencies: number[] = []
  const failures: Load['failures'] = {}
  const cpuBefore = process.cpuUsage()
  const until = performance.now() + seconds * 1_000
  let number = 0
  let inTime = 0
  let beforeFailure: number | undefined
  const worker = async () => {
    while (performance.now() < until) {
      const start = performance.now()
      try {
        await patiently(operate(number++))
        const end = performance.now()
        latencies.push(end - start)
        if (end <= until) inTime++
      } catch (error) {
        beforeFailure ??= latencies.length
        const kind = describe(error)
        failures[kind] = (failures[kind] ?? 0) + 1
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
  const { system, user } = process.cpuUsage(cpuBefore)
  return {
    operations: latencies.length,
    throughput: inTime / seconds,
    cpu: (user + system) / 1_000 / latencies.length,
    latencies,
    failures,
    beforeFailure,
  }
}

/** Of several loads together. */
export function summarize(loads: Load[]) {
  const latencies = loads.flatMap((each) => each.latencies)
  return {
    'ops/s': Math.round(median(loads.map(({ throughput }) => throughput))),
    'CPU ms/op': Number(median(loads.map(({ cpu }) => cpu)).toFixed(2)),
    'p50 ms': Math.round(quantile(latencies, 0.5)),
    'p99 ms': Math.round(quantile(latencies, 0.99)),
    'max ms': Math.round(latencies.reduce((most, each) => Math.max(most, each), 0)),
    operations: latencies.length,
    failures: countFailures(loads),
  }
}

export function countFailures(loads: Load[]): number {
  return loads.flatMap(({ failures }) => Object.values(failures)).reduce((sum, count) => sum + count, 0)
}

/** What failed how often, in all of them. */
export function mergeFailures(loads: Pick<Load, 'failures'>[]): Record<string, number> {
  const merged: Record<string, number> = {}
  for (const { failures } of loads) {
    for (const [kind, count] of Object.entries(failures)) merged[kind] = (merged[kind] ?? 0) + count
  }
  return merged
}

/** Of the rounds' ratios. */
export function spread(ratios: number[]): { ratio: number; quartiles: [number, number] } {
  return { ratio: median(ratios), quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)] }
}

function median(values: number[]): number {
  return quantile(values, 0.5)
}

async function patiently<T>(work: Promise<T>): Promise<T> {
  const over = new AbortController()
  const impatience = delay(PATIENCE, undefined, { signal: over.signal }).then(() => {
    throw new Error(`Not answered within ${PATIENCE / 1_000} s`)
  })
  impatience.catch(() => {})
  try {
    return await Promise.race([work, impatience])
  } finally {
    over.abort()
  }
}

/** Prisma's code, and the last line of its message, which says what happened. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  const line = error.message.trim().split('\n').at(-1) ?? ''
  return `${typeof code === 'string' ? code : error.name}: ${line.replaceAll(/\d+/g, '#').slice(0, 120)}`
}
