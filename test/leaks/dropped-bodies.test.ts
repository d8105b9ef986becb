import { expect, it } from 'vitest'
import { runScript } from './kit/run-script.ts'

it.each([
  ['that branchHandler() gave, and nobody read', 'fetch'],
  ["that Hono's app gave, and nobody read", 'hono'],
  ['that a middleware of Hono replaced', 'replaced'],
])('garbage collection ends the units of work of responses %s, and no others', async (_title, scenario) => {
  const report = await runScript('dropped-bodies.ts', scenario, 200, 50)
  expect(report).toEqual({ begun: 250, ended: 200, cancelled: 200, stillRead: 50 })
})
