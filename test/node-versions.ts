import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installNode, NODE_CACHE, NODE_LINES } from './kit/node-binaries.ts'

// Runs the fast projects on the newest release of each line of Node that the package supports, or of those that are named.

const PROJECTS = ['unit', 'sqlite']

interface Result {
  node: string
  projects: string
  passed: number
  failed: number
  seconds: number
  held: boolean
}

/** Of Vitest's JSON report, what is read here. */
interface Report {
  numPassedTests?: number
  numFailedTests?: number
}

/** Runs the projects on that Node. What they say goes to the terminal; the figures come from a report beside it. */
async function test(node: string): Promise<Result> {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  console.log(`\n=== ${PROJECTS.join(' and ')} on Node ${version} ===`)
  const report = join(NODE_CACHE, `${version}.json`)
  rmSync(report, { force: true })
  const projects = PROJECTS.flatMap((project) => ['--project', project])
  const reporters = ['--reporter', 'default', '--reporter', 'json', `--outputFile.json=${report}`]
  const started = performance.now()
  const child = spawn(node, ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...reporters], { stdio: 'inherit' })
  const exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
  const seconds = Math.round((performance.now() - started) / 1_000)
  // Without a report, Vitest did not get as far as running a test.
  const { numPassedTests = 0, numFailedTests = 0 } = existsSync(report)
    ? (JSON.parse(readFileSync(report, 'utf8')) as Report)
    : {}
  const held = exitCode === 0 && numPassedTests > 0 && numFailedTests === 0
  return { node: version, projects: PROJECTS.join(', '), passed: numPassedTests, failed: numFailedTests, seconds, held }
}

const results: Result[] = []
for (const line of process.argv.length > 2 ? process.argv.slice(2) : NODE_LINES) {
  console.log(`\nInstalling the newest Node ${line}`)
  results.push(await test(installNode(line)))
}
console.log()
console.table(results)
process.exitCode = results.every(({ held }) => held) ? 0 : 1
