/** One side of a comparison. */
export interface Contender {
  name: string
  /** The ratio to the baseline that it should not exceed. */
  goal?: number
  /** The operation that is measured. */
  run(): PromiseLike<unknown>
  /** What all of it runs in, such as a unit of work. */
  within?<T>(work: () => Promise<T>): Promise<T>
}

/** Operations before anything is measured: enough for the compiler to have seen them all. */
const WARM_UP = 3_000

export interface Measured {
  contender: Contender
  /** Microseconds of CPU. */
  time: number
  /** To the baseline: the median of the rounds, and their quartiles. */
  ratio: number
  quartiles: [number, number]
}

/**
 * Measures each contender beside the baseline, operation by operation in alternating order, so that a slow moment of the
 * machine hits both alike. A round's ratio is that of the medians of its operations' CPU time (user and system, of this
 * process), which leaves out the odd garbage collection on either side.
 */
export async function compare(
  baseline: Contender,
  contenders: Contender[],
  { operations, rounds }: { operations: number; rounds: number },
): Promise<Measured[]> {
  const all: Measured[] = []
  for (const contender of contenders) {
    const within = contender.within ?? ((work) => work())
    const { ratios, times } = await within(() => measure(baseline, contender, operations, rounds))
    const quartiles: [number, number] = [quantile(ratios, 0.25), quantile(ratios, 0.75)]
    all.push({ contender, time: quantile(times, 0.5), ratio: quantile(ratios, 0.5), quartiles })
    console.log(`${contender.name}: ${quantile(ratios, 0.5).toFixed(3)}`)
  }
  return all
}

async function measure(baseline: Contender, contender: Contender, operations: number, rounds: number) {
  for (const { run } of [baseline, contender]) for (let i = 0; i < WARM_UP; i++) await run()
  const ratios: number[] = []
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const spent: { baseline: number[]; contender: number[] } = { baseline: [], contender: [] }
    for (let i = 0; i < operations; i++) {
      for (const side of i % 2 === 0 ? (['baseline', 'contender'] as const) : (['contender', 'baseline'] as const)) {
        const { run } = side === 'baseline' ? baseline : contender
        const before = cpuTime()
        await run()
        spent[side].push(cpuTime() - before)
      }
    }
    const time = quantile(spent.contender, 0.5)
    times.push(time)
    ratios.push(time / quantile(spent.baseline, 0.5))
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${contender.name}: ${round + 1} of ${rounds}\r`)
  }
  if (process.stderr.isTTY) process.stderr.write('\x1b[K')
  return { ratios, times }
}

/** Microseconds. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN
}
