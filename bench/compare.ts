/** One operation beside another. */
export interface Comparison {
  /** What is compared, and what it is beside. */
  contender: string
  operation: string
  /** The ratio that it should not exceed. */
  goal?: number | undefined
  run(): PromiseLike<unknown>
  baseline(): PromiseLike<unknown>
  /** What all of it runs in, such as a unit of work. */
  within?: ((work: () => Promise<unknown>) => Promise<unknown>) | undefined
}

export interface Rounds {
  rounds: number
  /** In each round, of each side. */
  operations: number
  /** Operations before anything is measured: enough for the compiler to have seen them all. */
  warmUp: number
}

export interface Measured {
  comparison: Comparison
  /** Microseconds of CPU. */
  time: number
  /** To the baseline: the median of the rounds, and their quartiles. */
  ratio: number
  quartiles: [number, number]
}

/**
 * Measures an operation beside another, one after the other in alternating order, so that a slow moment of the machine hits
 * both alike. A round's ratio is that of the medians of its operations' CPU time (user and system, of this process), which
 * leaves out the odd garbage collection on either side.
 */
export async function compare(comparison: Comparison, rounds: Rounds): Promise<Measured> {
  const { contender, operation, within = (work) => work() } = comparison
  let measured: Awaited<ReturnType<typeof measure>> | undefined
  await within(async () => {
    measured = await measure(comparison, rounds)
  })
  const { ratios, times } = measured as Awaited<ReturnType<typeof measure>>
  const ratio = quantile(ratios, 0.5)
  console.log(`${operation}, ${contender}: ${ratio.toFixed(3)}`)
  const quartiles: [number, number] = [quantile(ratios, 0.25), quantile(ratios, 0.75)]
  return { comparison, time: quantile(times, 0.5), ratio, quartiles }
}

async function measure({ baseline, run }: Comparison, { operations, rounds, warmUp }: Rounds) {
  for (const operate of [baseline, run]) for (let i = 0; i < warmUp; i++) await operate()
  const ratios: number[] = []
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const spent: { baseline: number[]; contender: number[] } = { baseline: [], contender: [] }
    for (let i = 0; i < operations; i++) {
      for (const side of i % 2 === 0 ? (['baseline', 'contender'] as const) : (['contender', 'baseline'] as const)) {
        const operate = side === 'baseline' ? baseline : run
        const before = cpuTime()
        await operate()
        spent[side].push(cpuTime() - before)
      }
    }
    const time = quantile(spent.contender, 0.5)
    times.push(time)
    ratios.push(time / quantile(spent.baseline, 0.5))
  }
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
