import { writeFileSync } from 'node:fs'
import type { Result } from './result.ts'
import { report } from './result.ts'

// As where speed matters. Otherwise Prisma records a stack trace at every call, to show the line in error messages.
process.env.NODE_ENV = 'production'

/** Each is loaded when it is asked for: what one of them loads must not weigh on another. */
const BENCHMARKS: Record<string, () => Promise<Result>> = {
  'hot-path': async () => (await import('./hot-path.ts')).hotPath(),
  'async-context': async () => (await import('./async-context.ts')).asyncContext(),
  swap: async () => (await import('./swap.ts')).swap(),
  'many-branches': async () => (await import('./many-branches.ts')).manyBranches(),
  'cold-branch': async () => (await import('./cold-branch.ts')).coldBranch(),
  herd: async () => (await import('./herd.ts')).herd(),
  cleanup: async () => (await import('./cleanup.ts')).cleanup(),
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHMARKS)
let met = true
for (const name of names) {
  const benchmark = BENCHMARKS[name]
  if (benchmark === undefined) throw new Error(`No benchmark ${name}. There are: ${Object.keys(BENCHMARKS).join(', ')}`)
  const result = await benchmark()
  met = report(result) && met
  if (process.env.BENCH_PLOTS === '1' && result.plot) writeFileSync(`docs/${name}.svg`, `${await result.plot()}\n`)
}
process.exitCode = met ? 0 : 1
