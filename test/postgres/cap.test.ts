import { describe, expect, it } from 'vitest'
import { connectionsSettle, pause, postgresBranches, whose } from './kit.ts'

describe('more branches than connections', () => {
  it('C1, C2: 40 branches through 4 clients: all are served, connections stay within the bound, none is left', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `b${i}`)
    const { prisma, database } = await postgresBranches(names, { maxClients: 4, maxAge: 60_000 })
    let most = 0
    let sampling = true
    const sampler = (async () => {
      while (sampling) {
        most = Math.max(most, await database.connections())
        await pause(10)
      }
    })()
    const visits = Array.from({ length: 400 }, (_, i) => names[(i * 7) % names.length] as string)
    const next = visits[Symbol.iterator]()
    const worker = async () => {
      for (const name of next) expect(await prisma.$withBranch(name, () => whose(prisma))).toBe(name)
    }
    await Promise.all(Array.from({ length: 24 }, worker))
    sampling = false
    await sampler
    // Pools × the size of one.
    expect(most).toBeLessThanOrEqual(4 * 5)
    expect(prisma.$branches.stats().length).toBeLessThanOrEqual(4)
    await prisma.$disconnect()
    expect(await connectionsSettle(database, 0)).toBe(0)
  })

  it("C2: the error of a caller who found no room reaches it as Prisma's, with its code and what to do", async () => {
    const { prisma } = await postgresBranches(['a', 'b'], { maxClients: 1, acquireTimeout: 100 })
    await prisma.$branch('a').$transaction(async (tx) => {
      await tx.user.count()
      const error: unknown = await prisma
        .$branch('b')
        .user.count()
        .catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'BRANCH_ACQUIRE_TIMEOUT' })
      expect(String(error)).toContain('Raise maxClients (DB_CONN_MAX_CLIENTS)')
    })
    // The next one has as little time to find room.
    await expect.poll(() => whose(prisma.$branch('b')).catch(({ code }) => code)).toBe('b')
  })

  it('C2: branches that are never idle share the clients they have', async () => {
    const names = ['a', 'b', 'c']
    const { prisma } = await postgresBranches(names, { maxClients: 2 })
    const served = new Map(names.map((name) => [name, 0]))
    const goOn = () => names.some((name) => Number(served.get(name)) <= 10)
    // Three statements at any time on each: no pool ever rests.
    const workers = names.flatMap((name) =>
      [1, 2, 3].map(async (i) => {
        await pause(i * 7)
        while (goOn()) {
          await prisma.$branch(name).$queryRaw`SELECT pg_sleep(0.02)::text`
          served.set(name, (served.get(name) ?? 0) + 1)
        }
      }),
    )
    await Promise.all(workers)
    for (const name of names) expect(served.get(name)).toBeGreaterThan(10)
  })
})
