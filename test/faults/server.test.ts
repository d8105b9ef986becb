import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { terminate } from './backends.ts'
import type { Load } from './load.ts'
import { faultStage } from './stage.ts'
import { type Scene, trial } from './trial.ts'
import { type Outage, over } from './verdict.ts'

async function terminateTwice({ database, load }: Scene & { load: Load }): Promise<Outage[]> {
  await load.keepBusy()
  const first = await terminate(database)
  await delay(700)
  await load.keepBusy()
  return [first, await terminate(database)]
}

async function goDown({ server, database, proxy }: Scene, how?: 'immediate') {
  // A proxy that has no server behind it must not say that it has.
  proxy.refuse()
  await Promise.all([server.disconnect(), database.disconnect()])
  await server.goDown(how)
}

async function comeUp({ server, proxy }: Scene) {
  await server.comeUp()
  await proxy.accept()
}

async function outage(scene: Scene & { load: Load }, ms: number, how?: 'immediate'): Promise<Outage> {
  await scene.load.keepBusy()
  const from = performance.now()
  const cut = scene.proxy.connections
  await goDown(scene, how)
  await delay(ms)
  await comeUp(scene)
  return { from, to: await over(), cut, away: true }
}

describe('faults of the server', () => {
  const stage = faultStage()

  it('every backend terminated: fails what was on a connection, and nothing else', async (context) => {
    await trial(stage(), context, {
      inject: terminateTwice,
    })
  })

  it('every backend terminated, no health checks: fails what was on a connection, and nothing else', async (context) => {
    await trial(stage(), context, {
      options: { healthChecks: false },
      inject: terminateTwice,
    })
  })

  it('one busy backend terminated: fails what was on it, and nothing else', async (context) => {
    let victims = 0
    await trial(stage(), context, {
      async inject({ contender, database }) {
        const victim = contender.run('a', async (client) => {
          await client.$queryRaw`SELECT pg_sleep(60)::text AS victim`
        })
        const failing = victim.catch(() => victims++)
        const terminated = await terminate(database, "query LIKE '%AS victim'")
        await failing
        return [terminated]
      },
      bites: () => victims === 2,
    })
  })

  it('immediate restart: fails what was on a connection or found no server', async (context) => {
    await trial(stage(), context, { inject: async (scene) => [await outage(scene, 0, 'immediate')] })
  })

  it('server down for 3 s: fails what was on a connection or found no server', async (context) => {
    await trial(stage(), context, { inject: async (scene) => [await outage(scene, 3_000)] })
  })

  it('server down at first connect: fails what found no server, and keeps nothing of it', async (context) => {
    await trial(stage(), context, {
      before: (scene) => goDown(scene),
      async inject(scene) {
        const from = 0
        await delay(1_000)
        await comeUp(scene)
        return [{ from, to: await over(), cut: 0, away: true }]
      },
    })
  })
})
