import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { dropBranch } from '../kit/branches.ts'
import type { WorkClient } from '../kit/mixed-work.ts'
import { type ExtensionContender, extensionContender } from './contender.ts'
import { createMarkedBranch, faultStage } from './stage.ts'
import { type Scene, trial } from './trial.ts'
import { over } from './verdict.ts'

/** More than the extension may take, and the administrator. */
const SLOTS = 40

describe('faults around a branch', () => {
  const stage = faultStage(SLOTS)

  it('too many connections: fails what could not connect, and recovers by itself', async (context) => {
    let squatter: Squatter
    await trial(stage(), context, {
      async before({ database }) {
        // The administrator's connection has its slot.
        await database.connections()
        squatter = new Squatter(database.url)
        await squatter.settled
      },
      async inject() {
        await delay(1_500)
        await squatter.leave()
        return [{ from: 0, to: await over(), cut: 0, away: true }]
      },
    })
  })

  const d = 'd'
  /** Dropping a schema locks its tables, in an order of its own. */
  const isGone = ({ branch, failure }: { branch: string; failure?: { code: string; message: string } }) => {
    return branch === d && /P2021|42P01|40P01|does not exist/.test(`${failure?.code} ${failure?.message}`)
  }

  it('a branch dropped in use: its own work fails until it is there again, and never meets the rows of main', async (context) => {
    await trial(stage(), context, {
      dropped: [d],
      async inject(scene) {
        const from = performance.now()
        await dropBranch(scene.database, d)
        await delay(1_000)
        await createMarkedBranch(scene.database, d)
        return [{ from, to: await over(), cut: 0, excuses: isGone }]
      },
    })
  })

  it('a branch closed and dropped: the others notice nothing', async (context) => {
    await trial(stage(), context, {
      dropped: [d],
      async inject(scene) {
        const from = performance.now()
        await (scene.contender as Partial<ExtensionContender>).closeBranch?.(d)
        await dropBranch(scene.database, d)
        await delay(1_000)
        await createMarkedBranch(scene.database, d)
        return [{ from, to: await over(), cut: 0, excuses: isGone }]
      },
    })
  })

  it('B4: a branch dropped while it is idle, or inside a transaction, is an error, and breaks no connection', async () => {
    const database = await stage().newDatabase()
    const extension = extensionContender(() => database.url, { maxAge: 60_000 })
    onTestFinished(async () => {
      await extension.close()
      await database.disconnect()
    })
    const users = async (client: WorkClient) => {
      await client.user.findMany()
    }
    const gone = expect.objectContaining({ code: 'P2021' })
    for (const branch of ['a', d]) await extension.run(branch, users)
    await dropBranch(database, 'a')
    await expect(extension.run('a', users)).rejects.toEqual(gone)

    const inTransaction = extension.run(d, async (client) => {
      await client.$transaction(async (tx) => {
        await tx.$queryRaw`SELECT 1`
        await dropBranch(database, d)
        await tx.user.create({ data: { email: 'nowhere@example.com' } })
      })
    })
    await expect(inTransaction).rejects.toEqual(gone)
    await expect(extension.run(d, users)).rejects.toEqual(gone)

    expect(extension.stats()).toHaveLength(2)
    for (const row of extension.stats()) expect(row).toMatchObject({ state: 'live', suspect: false, inFlight: 0 })
    expect(await database.query('SELECT count(*)::int FROM public."User"')).toEqual([{ count: 0 }])
    await createMarkedBranch(database, d)
    await extension.run(d, users)
  })

  it('a password changed between two pools: fails what could not connect until the URL follows', async (context) => {
    const isRefused = ({ failure }: { failure?: { code: string; message: string } }) => {
      return /P1000|28P01|password authentication failed|Authentication failed/.test(
        `${failure?.code} ${failure?.message}`,
      )
    }
    await trial(stage(), context, {
      options: { maxAge: 300, maxAgeJitter: 0 },
      async before(scene) {
        const { address, database } = scene
        await database.query(`CREATE ROLE ${role(scene)} SUPERUSER LOGIN PASSWORD 'first'`)
        address.url = withLogin(address.url, role(scene), 'first')
      },
      async inject(scene) {
        const { address, database, proxy } = scene
        await delay(1_000)
        const from = performance.now()
        await database.query(`ALTER ROLE ${role(scene)} PASSWORD 'second'`)
        // A Map never has to connect again but for this.
        const cut = proxy.cut()
        await delay(800)
        address.url = withLogin(address.url, role(scene), 'second')
        return [{ from, to: await over(), cut, excuses: isRefused }]
      },
    })
  })
})

/** Somebody else, who takes every slot of the server, and each that comes free. */
class Squatter {
  /** Resolves when there is no slot left. */
  readonly settled: Promise<void>
  readonly #taken: pg.Client[] = []
  readonly #running: Promise<void>
  #leaving = false

  constructor(url: string) {
    let markSettled: () => void = () => {}
    this.settled = new Promise((resolve) => {
      markSettled = resolve
    })
    this.#running = this.#takeAll(url, markSettled)
  }

  async leave(): Promise<void> {
    this.#leaving = true
    await this.#running
    await Promise.all(this.#taken.map((client) => client.end()))
  }

  async #takeAll(url: string, full: () => void): Promise<void> {
    while (!this.#leaving) {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      try {
        await client.connect()
        this.#taken.push(client)
      } catch {
        full()
        await delay(5)
      }
    }
  }
}

function role({ database }: Scene): string {
  return `app_of_${new URL(database.url).pathname.slice(1)}`
}

function withLogin(url: string, user: string, password: string): string {
  return Object.assign(new URL(url), { username: user, password }).href
}
