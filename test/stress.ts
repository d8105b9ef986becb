import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'

// Runs the suites of `npm test` and the demo again and again on a machine that has other things to do, and tells which
// tests failed how often: those depend on how fast the machine is. Argument: how many times under each load, 3 by default.

interface Load {
  name: string
  /** As `nice` counts it: 0 is like everybody, 19 comes last. */
  priority: { loops: number; command: number }
}

const LOADS: Load[] = [
  { name: 'busy', priority: { loops: 0, command: 0 } },
  // Leaves the command about a sixth of each core.
  { name: 'slow', priority: { loops: 15, command: 19 } },
]

/** Busy loops for each core. */
const LOOPS = 2

/** Of Vitest's JSON report, what is read here. */
interface Report {
  numPassedTests: number
  testResults: {
    name: string
    status: string
    message?: string
    assertionResults: { fullName: string; status: string }[]
  }[]
}

interface Outcome {
  failed: string[]
  told: string
}

const times = Number(process.argv[2] ?? 3)
if (!Number.isSafeInteger(times) || times < 1) {
  throw new Error(`How many times? npm run test:stress -- 3, got ${JSON.stringify(process.argv[2])}`)
}

const directory = mkdtempSync(join(tmpdir(), 'prisma-branches-stress-'))
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]))
}

/** Node at a priority, which what it starts has, too. */
function start(args: string[], priority: number): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  if (child.pid !== undefined) setPriority(child.pid, priority)
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** The exit code and what was written, to both streams. */
async function run(args: string[], priority: number): Promise<{ code: number | null; output: string }> {
  const child = start(args, priority)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output }
}

async function suites(priority: number): Promise<Outcome> {
  const file = join(directory, 'report.json')
  rmSync(file, { force: true })
  const args = ['run', '--project', '!heavy-*', '--reporter', 'json', `--outputFile.json=${file}`]
  const { code, output } = await run(['node_modules/vitest/vitest.mjs', ...args], priority)
  if (!existsSync(file)) return { failed: [`suites: no report, ${output.slice(-300)}`], told: 'suites did not run' }
  const { numPassedTests, testResults } = JSON.parse(readFileSync(file, 'utf8')) as Report
  const failed = testResults.flatMap(({ assertionResults, message, name, status }) => {
    const path = name.slice(process.cwd().length + 1)
    const tests = assertionResults.filter((test) => test.status === 'failed').map((test) => `${path}: ${test.fullName}`)
    return tests.length === 0 && status === 'failed' ? [`${path}: ${message ?? ''}`] : tests
  })
  // An error that belongs to no test fails the run all the same.
  if (code !== 0 && failed.length === 0) failed.push(`suites: exit code ${code}`)
  return { failed, told: `${numPassedTests} tests passed, ${failed.length} failed` }
}

async function demo(priority: number): Promise<Outcome> {
  const { code, output } = await run(['--import', 'tsx', 'demo/demo.ts'], priority)
  const claims = output.split('\n').filter((line) => line.startsWith('FAIL'))
  // The figures differ from run to run.
  const failed = claims.map(
    (line) =>
      `demo: ${line
        .replace('FAIL', '')
        .trim()
        .replaceAll(/[\d,]+/g, 'N')}`,
  )
  if (code !== 0 && failed.length === 0) failed.push(`demo: exit code ${code}, ${output.slice(-300)}`)
  return { failed, told: failed.length === 0 ? 'demo passed' : 'demo failed' }
}

const failures = new Map<string, Map<string, number>>()
for (let round = 1; round <= times; round++) {
  for (const { name, priority } of LOADS) {
    const loops = Array.from({ length: LOOPS * availableParallelism() }, () => {
      return start(['--eval', 'while (true);'], priority.loops)
    })
    const started = performance.now()
    const outcomes = [await suites(priority.command), await demo(priority.command)]
    for (const loop of loops) loop.kill('SIGKILL')
    const minutes = ((performance.now() - started) / 60_000).toFixed(1)
    console.log(`${round} of ${times}, ${name}: ${outcomes.map(({ told }) => told).join(', ')} (${minutes} min)`)
    for (const failed of outcomes.flatMap((outcome) => outcome.failed)) {
      console.log(`  ${failed}`)
      const counts = failures.get(failed) ?? new Map<string, number>()
      failures.set(failed, counts.set(name, (counts.get(name) ?? 0) + 1))
    }
  }
}

console.log()
if (failures.size === 0)
  console.log(`Nothing failed, in ${times} runs under each of: ${LOADS.map(({ name }) => name).join(', ')}`)
for (const [failed, counts] of failures) {
  const share = LOADS.map(({ name }) => `${name} ${counts.get(name) ?? 0} of ${times}`)
  console.log(`failed ${share.join(', ')}: ${failed}`)
}
process.exitCode = failures.size === 0 ? 0 : 1
