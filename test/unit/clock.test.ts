import { stat } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { systemClock, withTimeout } from '../../src/clock.ts'

it('H4: an answer that arrived while the event loop was blocked is not late', async () => {
  const answer = stat('.')
  const limited = withTimeout(systemClock, answer, 10, () => new Error('late'))
  // By then both are due, and Node looks at its timers first.
  for (const start = performance.now(); performance.now() - start < 50; ) Math.sqrt(start)
  expect(await limited).toBe(await answer)
})

it('work that takes too long is late', async () => {
  const never = new Promise(() => {})
  await expect(withTimeout(systemClock, never, 1, () => new Error('late'))).rejects.toThrow('late')
})
