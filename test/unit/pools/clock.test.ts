import { expect, it } from 'vitest'
import { withTimeout } from '../../../src/pools/clock.ts'
import { ManualClock } from '../../kit/manual-clock.ts'

const late = () => new Error('late')

/** Work that a test finishes. */
function work() {
  let finish = () => {}
  const done = new Promise<string>((resolve) => {
    finish = () => resolve('done')
  })
  return { done, finish }
}

it('work that takes too long is late', async () => {
  const clock = new ManualClock()
  const limited = expect(withTimeout(clock, work().done, 10, late)).rejects.toThrow('late')
  await clock.advance(10)
  await limited
})

it('H4: an answer that arrived while the event loop was blocked is not late', async () => {
  const clock = new ManualClock()
  const { done, finish } = work()
  const limited = withTimeout(clock, done, 10, late)
  clock.jump(50)
  // Both are due, and Node looks at its timers first.
  await clock.advance(0)
  finish()
  expect(await limited).toBe('done')
  await clock.settle()
  expect(clock.timers).toBe(0)
})

it('H4: work gets back the time for which the event loop was blocked, but no more than it had', async () => {
  for (const [blocked, regained] of [
    [20, 20],
    [500, 50],
  ] as const) {
    const clock = new ManualClock()
    const { done, finish } = work()
    const inTime = withTimeout(clock, done, 50, late)
    const tooLate = withTimeout(clock, new Promise(() => {}), 50, late).catch((error: Error) => error.message)
    clock.jump(50 + blocked)
    await clock.advance(regained - 1)
    finish()
    expect(await inTime).toBe('done')
    await clock.advance(1)
    expect(await tooLate).toBe('late')
    await clock.settle()
    expect(clock.timers).toBe(0)
  }
})
