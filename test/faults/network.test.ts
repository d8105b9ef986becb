import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { WorkClient } from '../kit/mixed-work.ts'
import { POOL_SIZE } from './contender.ts'
import type { Operation } from './load.ts'
import { DRAIN_TIMEOUT_OF_THE_LOST, LONGER_THAN_CONNECTING, LONGER_THAN_PROBES, PROBE_TIMEOUT } from './slack.ts'
import { BRANCHES, faultStage } from './stage.ts'
import { happens, type Scene, trial, until } from './trial.ts'
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
        // The answer to what was under way, at the latest.
        await until(() => load.operations.some(({ failure }) => failure !== undefined))
        proxy.heal()
        return [{ from, cut, to: await over() }]
      },
    })
  })

  it('connections refused while pools grow old: fails what could not connect, and nothing else', async (context) => {
    await trial(stage(), context, {
      options: { maxAge: 400, maxAgeJitter: 0 },
      async inject(scene) {
        const { load, proxy } = scene
        const from = performance.now()
        proxy.refuse()
        await happens(scene, 1_000, () => load.operations.some(({ failure }) => failure !== undefined))
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
  const blackHole = async (scene: Scene, ms: number) => {
    const { proxy } = scene
    const from = performance.now()
    const cut = proxy.forget()
    await happens(scene, ms, ({ probes }) => probes.some(({ ok }) => !ok))
    proxy.heal()
    // A transaction that waits on a lost connection, for its BEGIN or an answer, is cut when its pool has drained for so long.
    const excuses = ({ failure }: Operation) => failure?.code === 'BRANCH_DRAIN_TIMEOUT'
    return { from, cut, away: true, excuses, to: await over() }
  }

  it('black hole on live pools: probes time out, and all but what was on a lost connection goes on', async (context) => {
    await trial(stage(), context, {
      options: { drainTimeout: DRAIN_TIMEOUT_OF_THE_LOST },
      async inject(scene) {
        await fillPools(scene)
        return [await blackHole(scene, LONGER_THAN_PROBES + DRAIN_TIMEOUT_OF_THE_LOST)]
      },
      afterwards({ probes }) {
        const hung = probes.filter(({ ok }) => !ok)
        expect(hung.length).toBeGreaterThan(0)
        for (const { took } of hung) expect(took).toBeGreaterThanOrEqual(PROBE_TIMEOUT)
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
      async inject(scene) {
        const { proxy } = scene
        const failed = (probes: { ok: boolean }[]) => probes.filter(({ ok }) => !ok).length
        await happens(scene, LONGER_THAN_PROBES, ({ probes }) => failed(probes) >= BRANCHES.length)
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
        return [await blackHole(scene, LONGER_THAN_CONNECTING)]
      },
    })
  })

  it('slow network, 500 ms there and back: nothing fails', async (context) => {
    let slowest = 0
    await trial(stage(), context, {
      options: { probeTimeout: 6_000, maxAge: 2_000 },
      // Five connections a branch can do no more.
      pace: 150,
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
      options: { probeTimeout: 6_000, maxAge: 1_000 },
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
