import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { branchesWith } from '../../src/extension/branches.ts'
import { type Clock, systemClock } from '../../src/pools/clock.ts'
import type { BranchesOptions } from '../../src/settings/options.ts'
import { PATIENT_POOLS } from '../kit/patience.ts'
import type { BackendServer, Databases } from './backend.ts'

/** A client with the extension, and its databases: `main` and a branch for each name. */
export async function bench(
  server: BackendServer,
  names: string[],
  options: Partial<BranchesOptions> = {},
  clock: Clock = systemClock,
) {
  const databases = await server.databases()
  onTestFinished(() => databases.remove())
  for (const name of ['main', ...names]) await databases.create(name)
  const made: string[] = []
  const prisma = server.client(server.adapter(databases.url('main'))).$extends(
    branchesWith(
      {
        url: (branch) => databases.url(branch),
        // Called once for each client that is made.
        adapter: (url) => {
          made.push(names.find((name) => databases.url(name) === url) ?? url)
          return server.adapter(url)
        },
        client: (adapter) => server.client(adapter),
        maxAge: Infinity,
        ...PATIENT_POOLS,
        ...options,
      },
      {},
      clock,
    ),
  )
  onTestFinished(() => prisma.$disconnect())
  const happened: string[] = []
  for (const event of ['opened', 'probed', 'closed', 'drainTimedOut', 'closeFailed'] as const) {
    prisma.$branches.on(event, ({ branch }) => happened.push(`${event} ${branch}`))
  }
  return {
    prisma,
    databases,
    /** The branches that a client was made for. */
    made,
    happened,
    times: (event: string) => happened.filter((line) => line === event).length,
    /** The raw SQL that reads all addresses. */
    select: `SELECT email FROM ${server.quote('User')} ORDER BY id`,
  }
}

export type Bench = Awaited<ReturnType<typeof bench>>

/** Whose database this is: the name in the address of its first user. */
export async function whose(client: { user: { findFirstOrThrow(args: object): PromiseLike<{ email: string }> } }) {
  const { email } = await client.user.findFirstOrThrow({ orderBy: { id: 'asc' } })
  return email.replace('@example.com', '')
}

/** Waits until the server has noticed that connections are gone, which it does a moment after the client. */
export async function expectConnections(databases: Databases, expected: number): Promise<void> {
  await expect.poll(() => databases.connections(), { interval: 20 }).toBe(expected)
}

/** The most connections that the server had at any one time during `work`. */
export async function mostConnections(databases: Databases, work: () => Promise<unknown>): Promise<number> {
  let most = 0
  let working = true
  const sampling = (async () => {
    while (working) {
      most = Math.max(most, await databases.connections())
      await delay(10)
    }
  })()
  try {
    await work()
  } finally {
    working = false
    await sampling
  }
  return most
}

/** Starts a statement that takes minutes; resolves when the server is at it, with what will come of it. */
export async function startSlowInsert({ prisma, databases }: Bench, branch: string, email: string) {
  const outcome = prisma
    .$branch(branch)
    .$executeRawUnsafe(databases.slowInsert(email))
    .then(
      () => 'done',
      (error: Error) => error,
    )
  await expect.poll(() => databases.slowInserts(), { interval: 20 }).toBe(1)
  return { outcome }
}
