import type { Result } from './result.ts'
import { report } from './result.ts'

// As where speed matters. Otherwise Prisma records a stack trace at every call, to show the line in error messages.
process.env.NODE_ENV = 'production'

/** Each is loaded when it is asked for: what one of them loads must not weigh on another. */
const BENCHMARKS: Record<string, () => Promise<Result>> = {
  'hot-path': async () => (await import('./hot-path.ts')).hotPath(),
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHMARKS)
let met = true
for (const name of names) {
  const benchmark = BENCHMARKS[name]
  if (benchmark === undefined) throw new Error(`No benchmark ${name}. There are: ${Object.keys(BENCHMARKS).join(', ')}`)
  met = report(await benchmark()) && met
}
process.exitCode = met ? 0 : 1
