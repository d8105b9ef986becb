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

/**
 * Measures each contender beside the baseline, operation by operation in alternating order, so that a slow moment of the
 * machine hits both alike. A round's ratio is that of the medians of its operations' CPU time (user and system, of this
 * process), which leaves out the odd garbage collection on either side. Prints the median of the rounds' ratios with
 * their quartiles; says whether all goals were met.
 */
export async function compare(
  title: string,
  baseline: Contender,
  contenders: Contender[],
  { operations, rounds }: { operations: number; rounds: number },
): Promise<boolean> {
  console.log(`\n${title}: the median of ${rounds} rounds of ${operations} operations each\n`)
  console.log(row('contender', 'µs', 'ratio', 'quartiles', 'goal'))
  let allMet = true
  for (const contender of contenders) {
    const within = contender.within ?? ((work) => work())
    const measured = await within(() => measure(baseline, contender, operations, rounds))
    const ratio = quantile(measured.ratios, 0.5)
    const met = contender.goal === undefined || ratio <= contender.goal
    allMet &&= met
    const quartiles = `${quantile(measured.ratios, 0.25).toFixed(3)}–${quantile(measured.ratios, 0.75).toFixed(3)}`
    const verdict = contender.goal === undefined ? '' : `≤ ${contender.goal.toFixed(2)} ${met ? 'met' : 'MISSED'}`
    console.log(row(contender.name, quantile(measured.times, 0.5).toFixed(0), ratio.toFixed(3), quartiles, verdict))
  }
  return allMet
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

function row(name: string, time: string, ratio: string, quartiles: string, goal: string): string {
  return `${name.padEnd(42)} ${time.padStart(7)} ${ratio.padStart(7)}   ${quartiles.padEnd(13)} ${goal}`
}

function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN
}
