import type { Reporter, TestCase, TestModule } from 'vitest/node'

declare module 'vitest' {
  interface TaskMeta {
    /** A line of the table that its project ends with, set by the test: `task.meta.row = { … }`. */
    row?: Record<string, string | number>
    /** Why the test was left out, and what to do about it. */
    leftOut?: string
  }
}

interface Tally {
  files: number
  passed: number
  failed: number
  skipped: number
  seconds: number
}

/** Ends a run with a table of what ran, the rows that tests made, and the reason of every test that did not run. */
export default class TableReporter implements Reporter {
  /** The other reporters are silent until a file is done, which takes minutes where a test makes a row. */
  onTestCaseResult(test: TestCase): void {
    if (test.meta().row === undefined) return
    const seconds = Math.round((test.diagnostic()?.duration ?? 0) / 1_000)
    console.log(`   ${test.result().state === 'passed' ? '✓' : '×'} ${test.name} (${seconds} s)`)
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tallies = new Map<string, Tally>()
    const rows = new Map<string, Record<string, string | number>[]>()
    const leftOut = new Map<string, number>()
    for (const module of modules) {
      const tally = tallies.get(module.project.name) ?? { files: 0, passed: 0, failed: 0, skipped: 0, seconds: 0 }
      tallies.set(module.project.name, tally)
      tally.files++
      tally.seconds += module.diagnostic().duration / 1_000
      for (const test of module.children.allTests()) {
        tally[stateOf(test)]++
        const { row, leftOut: reason } = test.meta()
        if (row !== undefined) rows.set(module.project.name, [...(rows.get(module.project.name) ?? []), row])
        if (reason !== undefined) leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1)
      }
    }
    for (const [project, lines] of rows) {
      console.log(`\n${project}`)
      console.table(lines)
    }
    console.log()
    console.table(
      Object.fromEntries([...tallies].map(([name, tally]) => [name, { ...tally, seconds: Math.round(tally.seconds) }])),
    )
    for (const [reason, tests] of leftOut) console.log(`${tests} tests left out: ${reason}`)
  }
}

function stateOf(test: TestCase): 'passed' | 'failed' | 'skipped' {
  const { state } = test.result()
  return state === 'pending' ? 'failed' : state
}
