import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { terminate } from './backends.ts'
import { faultStage } from './stage.ts'
import { type Scene, trial } from './trial.ts'
import { type Outage, over } from './verdict.ts'

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

async function outage(scene: Scene, ms: number, how?: 'immediate'): Promise<Outage> {
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
      async inject(scene) {
        const first = await terminate(scene.database)
        await delay(700)
        return [first, await terminate(scene.database)]
      },
    })
  })

  it('every backend terminated, no health checks: fails what was on a connection, and nothing else', async (context) => {
    await trial(stage(), context, {
      options: { healthChecks: false },
      async inject(scene) {
        const first = await terminate(scene.database)
        await delay(700)
        return [first, await terminate(scene.database)]
      },
    })
  })

  it('one busy backend terminated: fails what was on it, and nothing else', async (context) => {
    let victims = 0
    await trial(stage(), context, {
      async inject({ contender, database }) {
        const victim = contender.run('a', async (client) => {
          await client.$queryRaw`SELECT pg_sleep(5)::text AS victim`
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
