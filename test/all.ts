import { spawnSync } from 'node:child_process'

/** Everything that is tested, in the order of what takes least. Every server must be on the machine. */
const STAGES = ['test', 'test:model', 'test:leaks', 'test:faults', 'test:examples', 'test:nodes']

const rows: Record<string, { result: string; minutes: string }> = {}
for (const stage of STAGES) {
  console.log(`\n=== npm run ${stage} ===\n`)
  const started = performance.now()
  const { status } = spawnSync('npm', ['run', stage], {
    stdio: 'inherit',
    env: { ...process.env, REQUIRE_SERVERS: '1' },
    shell: process.platform === 'win32',
  })
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  rows[stage] = { result: status === 0 ? 'passed' : 'FAILED', minutes }
  if (status !== 0) process.exitCode = 1
}
console.table(rows)
