/** One side of a comparison. */
export interface Contender {
  name: string
  /** The ratio to the baseline that it should not exceed. */
  goal?: number
  /** Does the work once, `operations` times over. */
  run(operations: number): Promise<unknown>
}

/**
 * Runs each contender right beside the baseline, in short slices of alternating order, after a warm-up: a slow moment of
 * the machine then hits both. Prints the median of the ratios of CPU time (user and system, of this process) with its
 * quartiles; says whether the goals were met.
 */
export async function compare(
  title: string,
  baseline: Contender,
  contenders: Contender[],
  { operations, rounds }: { operations: number; rounds: number },
): Promise<boolean> {
  console.log(`\n${title}: the median of ${rounds} pairs of ${operations}\n`)
  console.log(row('contender', 'µs', 'ratio', 'quartiles', 'goal'))
  for (const { run } of [baseline, ...contenders]) await run(operations * 5)

  let allMet = true
  for (const contender of contenders) {
    const ratios: number[] = []
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const pair = round % 2 === 0 ? [baseline, contender] : [contender, baseline]
      const spent = new Map<Contender, number>()
      for (const side of pair) spent.set(side, await cpuTime(() => side.run(operations)))
      const time = spent.get(contender) ?? Number.NaN
      times.push(time / operations)
      ratios.push(time / (spent.get(baseline) ?? Number.NaN))
      progress(`${contender.name}: ${round + 1} of ${rounds}`)
    }
    progress('')
    const ratio = quantile(ratios, 0.5)
    const met = contender.goal === undefined || ratio <= contender.goal
    allMet &&= met
    const quartiles = `${quantile(ratios, 0.25).toFixed(3)}–${quantile(ratios, 0.75).toFixed(3)}`
    const verdict = contender.goal === undefined ? '' : `≤ ${contender.goal.toFixed(2)} ${met ? 'met' : 'MISSED'}`
    console.log(row(contender.name, quantile(times, 0.5).toFixed(1), ratio.toFixed(3), quartiles, verdict))
  }
  return allMet
}

/** Microseconds. */
async function cpuTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function row(name: string, time: string, ratio: string, quartiles: string, goal: string): string {
  return `${name.padEnd(42)} ${time.padStart(7)} ${ratio.padStart(7)}   ${quartiles.padEnd(13)} ${goal}`
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN
}
