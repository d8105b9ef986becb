import type { Result } from './member.ts'
import { BRANCHES } from './scale.ts'

/** What came of the work of all processes. */
export interface Outcome {
  name: string
  /** Of connections to the server. */
  bound: number
  /** The most connections that the server had, as it counts them itself. */
  peak: number
  /** How often it was asked. */
  samples: number
  results: Result[]
  /** What is wrong with the rows that were written. */
  faults: string[]
}

/** Something that is to be true. */
export interface Claim {
  text: string
  holds: boolean
}

type Numbers = 'operations' | 'failures' | 'wrongBranch' | 'poolsOpened'

const total = ({ results }: Outcome, of: Numbers) => results.reduce((sum, result) => sum + result[of], 0)

function percentiles({ results }: Outcome): { p50: number; p99: number } {
  const sorted = results.flatMap(({ latencies }) => latencies).sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}

export function printTable(outcomes: Outcome[]): void {
  const rows = outcomes.map((outcome) => {
    const { p50, p99 } = percentiles(outcome)
    const row = {
      processes: outcome.results.length,
      'branches each': Math.min(...outcome.results.map(({ branchesServed }) => branchesServed)),
      operations: total(outcome, 'operations'),
      failures: total(outcome, 'failures'),
      'pools opened': total(outcome, 'poolsOpened'),
      'peak connections': outcome.peak,
      bound: outcome.bound,
      'p50 ms': Number(p50.toFixed(1)),
      'p99 ms': Number(p99.toFixed(1)),
    }
    return [outcome.name, row]
  })
  console.table(Object.fromEntries(rows))
  for (const { name, samples, results } of outcomes) {
    console.log(`${name}: connections counted ${samples.toLocaleString('en')} times in pg_stat_activity`)
    for (const [cause, times] of results.flatMap(({ causes }) => causes)) console.log(`  ${times} × ${cause}`)
  }
}

export function verify(outcome: Outcome): Claim[] {
  const { name, bound, peak, results, faults } = outcome
  return [
    { text: `${name}: no operation fails`, holds: total(outcome, 'failures') === 0 },
    { text: `${name}: every answer is of the branch that was asked`, holds: total(outcome, 'wrongBranch') === 0 },
    {
      text: `${name}: every write is there once, and in its branch (${faults.join(', ')})`,
      holds: faults.length === 0,
    },
    { text: `${name}: the server has ${bound} connections at most, it had ${peak}`, holds: peak > 0 && peak <= bound },
    {
      text: `${name}: each process is served on all branches`,
      holds: results.every(({ branchesServed }) => branchesServed === BRANCHES.length),
    },
  ]
}
