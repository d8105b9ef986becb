import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ExtensionContender } from './contender.ts'
import { BLOCK } from './slack.ts'
import { BRANCHES, faultStage } from './stage.ts'
import { happens, type Scene, trial } from './trial.ts'
import { over } from './verdict.ts'

const HOUR = 3_600_000

/** Keeps the event loop from running. */
function block(ms: number): void {
  const from = performance.now()
  while (performance.now() - from < ms) Math.sqrt(ms)
}

describe('faults of the clock', () => {
  const stage = faultStage()

  it('event loop blocked for longer than a probe may take: no probe is taken for failed, and nothing fails', async (context) => {
    let blockIn: (() => void) | undefined
    let blockedProbes = 0
    await trial(stage(), context, {
      options: {
        // Less than from one piece of work on a branch to the next: there is always a probe to come.
        probeInterval: 20,
        async probe(adapter) {
          const answer = adapter.queryRaw({ sql: 'SELECT 1', args: [], argTypes: [] })
          // In the middle of a probe: its timer and its answer are both due when the event loop runs again.
          if (blockIn !== undefined) setImmediate(blockIn)
          blockIn = undefined
          return answer
        },
      },
      async inject({ contender }) {
        const from = performance.now()
        for (let i = 0; i < 2; i++) {
          if (contender.name === 'extension') {
            await new Promise<void>((blocked) => {
              blockIn = () => {
                block(BLOCK)
                blocked()
              }
            })
          } else block(BLOCK)
          await delay(500)
        }
        // A driver that was connecting may take its time for over.
        return [{ from, to: await over(), cut: 0, away: true }]
      },
      afterwards({ probes }) {
        blockedProbes = probes.filter(({ took }) => took >= BLOCK).length
        expect(probes.filter(({ ok }) => !ok)).toEqual([])
      },
      bites: () => blockedProbes >= 2,
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
        await happens(scene, 1_500, ({ retired }) => retired.length >= BRANCHES.length)
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
