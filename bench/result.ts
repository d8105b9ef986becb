import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** What a benchmark is to show. */
export interface Goal {
  name: string
  /** As a person reads it, e.g. `≤ 1.02`. */
  goal: string
  value: number
  met: boolean
}

/** What a benchmark has measured. */
export interface Result {
  /** As it is called on the command line. */
  name: string
  title: string
  goals: Goal[]
  /** Lines of its table. */
  rows: Record<string, string | number>[]
  /** Whatever a plot is drawn from. */
  data?: unknown
  /** Draws it, as an SVG. What draws is loaded then: it must not weigh on what is measured. */
  plot?(): Promise<string>
}

export function atMost(name: string, limit: number, value: number): Goal {
  return { name, goal: `≤ ${limit}`, value, met: value <= limit }
}

export function atLeast(name: string, limit: number, value: number): Goal {
  return { name, goal: `≥ ${limit}`, value, met: value >= limit }
}

/** Prints the table and the goals, and writes all of it to `bench/results`. @returns whether all goals were met */
export function report(result: Result): boolean {
  const { goals, name, rows, title } = result
  console.log(`\n${title}\n`)
  console.table(rows)
  for (const { goal, met, name: what, value } of goals) {
    console.log(`${met ? 'met   ' : 'MISSED'}  ${what}: ${Number(value.toPrecision(4))} (goal ${goal})`)
  }
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, platform: process.platform }
  mkdirSync('bench/results', { recursive: true })
  writeFileSync(`bench/results/${name}.json`, `${JSON.stringify({ ...result, machine }, undefined, 2)}\n`)
  return goals.every(({ met }) => met)
}
