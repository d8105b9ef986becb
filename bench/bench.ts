import { hotPath } from './hot-path.ts'

// As where speed matters. Otherwise Prisma records a stack trace at every call, to show the line in error messages.
process.env.NODE_ENV = 'production'

const benchmarks: Record<string, () => Promise<boolean>> = { 'hot-path': hotPath }

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benchmarks)
let met = true
for (const name of names) {
  const benchmark = benchmarks[name]
  if (benchmark === undefined) throw new Error(`No benchmark ${name}. There are: ${Object.keys(benchmarks).join(', ')}`)
  met = (await benchmark()) && met
}
process.exitCode = met ? 0 : 1
