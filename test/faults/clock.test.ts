import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ExtensionContender } from './contender.ts'
import { BRANCHES, faultStage } from './stage.ts'
import { type Scene, trial } from './trial.ts'
import { over } from './verdict.ts'

const HOUR = 3_600_000

describe('faults of the clock', () => {
  const stage = faultStage()

  it('event loop blocked for 2 s: no probe is taken for failed, and nothing fails', async (context) => {
    await trial(stage(), context, {
      async inject() {
        const from = performance.now()
        for (let i = 0; i < 2; i++) {
          while (performance.now() - from < 2_000 * (i + 1)) Math.sqrt(i)
          await delay(500)
        }
        // A driver that was connecting may take its time for over.
        return [{ from, to: await over(), cut: 0, away: true }]
      },
      afterwards({ probes }) {
        expect(probes.length).toBeGreaterThan(0)
        expect(probes.filter(({ ok }) => !ok)).toEqual([])
      },
      bites: (_map, extension) => extension.slowest > 1_900,
    })
  })

  /** A Map has no clock of ours. */
  const moveWall = ({ contender }: Scene, ms: number) => (contender as Partial<ExtensionContender>).clock?.moveWall(ms)

  it('wall clock set back an hour: nothing fails, and pools grow old as before', async (context) => {
    let swaps = 0
    await trial(stage(), context, {
      options: { maxAge: 1_000, maxAgeJitter: 0 },
      async inject(scene) {
        const from = performance.now()
        moveWall(scene, -HOUR)
        await delay(1_500)
        return [{ from, to: await over(), cut: 0 }]
      },
      afterwards({ retired, stats }) {
        swaps = retired.filter((reason) => reason === 'max-age').length
        for (const { age } of stats()) expect(age).toBeGreaterThanOrEqual(0)
      },
      bites: () => swaps >= BRANCHES.length,
    })
  })

  it('wall clock set forward an hour: every pool is replaced, and nothing fails', async (context) => {
    let swaps = 0
    await trial(stage(), context, {
      async inject(scene) {
        const from = performance.now()
        moveWall(scene, HOUR)
        return [{ from, to: await over(), cut: 0 }]
      },
      afterwards({ retired }) {
        swaps = retired.filter((reason) => reason === 'max-age').length
      },
      bites: () => swaps === BRANCHES.length,
    })
  })
})
