import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { WorkClient } from '../kit/mixed-work.ts'
import { POOL_SIZE } from './contender.ts'
import { BRANCHES, faultStage } from './stage.ts'
import { type Scene, trial } from './trial.ts'
import { over } from './verdict.ts'

describe('faults of the network', () => {
  const stage = faultStage()

  it('connections cut: fails what was on one, and nothing else', async (context) => {
    await trial(stage(), context, {
      async inject({ load, proxy }) {
        const cut = async () => {
          await load.keepBusy()
          return { from: performance.now(), cut: proxy.cut(), to: await over() }
        }
        const first = await cut()
        await delay(500)
        return [first, await cut()]
      },
    })
  })

  it('connections cut in the middle of an answer: fails what was on one, and nothing is done twice', async (context) => {
    await trial(stage(), context, {
      async inject({ load, proxy }) {
        await load.keepBusy()
        const from = performance.now()
        const cut = proxy.cutInMidStream()
        await delay(1_000)
        proxy.heal()
        return [{ from, cut, to: await over() }]
      },
    })
  })

  it('connections refused while pools grow old: fails what could not connect, and nothing else', async (context) => {
    await trial(stage(), context, {
      options: { maxAge: 400, maxAgeJitter: 0 },
      async inject({ proxy }) {
        const from = performance.now()
        proxy.refuse()
        await delay(1_000)
        await proxy.accept()
        return [{ from, cut: 0, away: true, to: await over() }]
      },
      // A Map hardly has to connect again.
      bites: (map, extension) => extension.away > map.away,
    })
  })

  /** Opens as many connections as the pools may have, which then lie idle. */
  const fillPools = async ({ contender }: Scene) => {
    const slow = async (client: WorkClient) => {
      await client.$queryRaw`SELECT pg_sleep(0.2)::text`
    }
    await Promise.all(
      BRANCHES.flatMap((branch) => Array.from({ length: POOL_SIZE }, () => contender.run(branch, slow))),
    )
  }

  /** What is on a connection that is lost for ever hangs until the network says so, which it does at the end. */
  const blackHole = async ({ proxy }: Scene, ms: number) => {
    const from = performance.now()
    const cut = proxy.forget()
    await delay(ms)
    proxy.heal()
    return { from, cut, away: true, to: await over() }
  }

  it('black hole on live pools: probes time out, and all but what was on a lost connection goes on', async (context) => {
    await trial(stage(), context, {
      options: { drainTimeout: 1_000 },
      async inject(scene) {
        await fillPools(scene)
        return [await blackHole(scene, 3_000)]
      },
      afterwards({ probes }) {
        const hung = probes.filter(({ ok }) => !ok)
        expect(hung.length).toBeGreaterThan(0)
        for (const { took } of hung) expect(took).toBeGreaterThanOrEqual(500)
      },
    })
  })

  it('half-open after idle: probes time out, and nothing fails', async (context) => {
    await trial(stage(), context, {
      async before(scene) {
        await fillPools(scene)
        // Longer than the probe interval.
        await delay(500)
        scene.proxy.forget()
      },
      async inject({ proxy }) {
        await delay(2_000)
        proxy.heal()
        return [{ from: performance.now(), cut: 0, to: await over() }]
      },
      afterwards({ probes }) {
        expect(probes.filter(({ ok }) => !ok)).toHaveLength(BRANCHES.length)
      },
    })
  })

  it('black hole at connect: fails what could not connect, in the time that the driver is given', async (context) => {
    await trial(stage(), context, {
      async inject(scene) {
        scene.proxy.swallow()
        // Longer than the driver waits for a connection.
        return [await blackHole(scene, 4_500)]
      },
    })
  })

  it('slow network, 500 ms there and back: nothing fails', async (context) => {
    let slowest = 0
    await trial(stage(), context, {
      options: { probeTimeout: 3_000, maxAge: 2_000, drainTimeout: 10_000 },
      // Five connections a branch can do no more.
      pace: 120,
      async inject({ proxy }) {
        const from = performance.now()
        proxy.slowDown({ delay: 250 })
        await delay(4_000)
        proxy.heal()
        return [{ from, cut: 0, to: await over() }]
      },
      afterwards({ probes }) {
        slowest = Math.max(...probes.map(({ took }) => took))
      },
      bites: () => slowest >= 500,
    })
  })

  it('narrow network, 20 kB a second for each connection: nothing fails', async (context) => {
    let slowest = 0
    await trial(stage(), context, {
      options: { probeTimeout: 3_000, maxAge: 1_000 },
      pace: 100,
      async inject({ proxy }) {
        const from = performance.now()
        proxy.slowDown({ bytesPerSecond: 20_000 })
        await delay(3_000)
        proxy.heal()
        return [{ from, cut: 0, to: await over() }]
      },
      afterwards({ probes }) {
        slowest = Math.max(...probes.map(({ took }) => took))
      },
      bites: () => slowest >= 5,
    })
  })
})
