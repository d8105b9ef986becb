import { stat } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { systemClock, withTimeout } from '../../../src/pools/clock.ts'

it('H4: an answer that arrived while the event loop was blocked is not late', async () => {
  const answer = stat('.')
  const limited = withTimeout(systemClock, answer, 10, () => new Error('late'))
  // By then both are due, and Node looks at its timers first.
  block(50)
  expect(await limited).toBe(await answer)
})

it('H4: work of several steps gets back the time for which the event loop was blocked', async () => {
  const steps = async () => {
    for (let i = 0; i < 5; i++) await stat('.')
    return 'done'
  }
  const limited = withTimeout(systemClock, steps(), 50, () => new Error('late'))
  block(100)
  expect(await limited).toBe('done')
})

function block(ms: number): void {
  for (const start = performance.now(); performance.now() - start < ms; ) Math.sqrt(start)
}

it('work that takes too long is late', async () => {
  const never = new Promise(() => {})
  await expect(withTimeout(systemClock, never, 1, () => new Error('late'))).rejects.toThrow('late')
})
