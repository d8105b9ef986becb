import { describe, expect, it } from 'vitest'
import { type BranchesClient, connectionsSettle, pause, postgresBranches } from './kit.ts'

const WORKERS = 8
const ROUNDS = 35
const BRANCHES = ['a', 'b', 'c']

/** Every way to write and read, in turn. Says how many rows it wrote. */
const kinds: ((client: BranchesClient, mark: string) => Promise<number>)[] = [
  async (client, mark) => {
    await client.user.create({ data: { email: `${mark}@create` } })
    return 1
  },
  async (client, mark) => {
    await client.user.create({ data: { email: `${mark}@nested`, posts: { create: [{ title: 'x' }, { title: 'y' }] } } })
    const user = await client.user.findUniqueOrThrow({ where: { email: `${mark}@nested` }, include: { posts: true } })
    expect(user.posts).toHaveLength(2)
    return 1
  },
  async (client, mark) => {
    await client.$transaction(async (tx) => {
      await tx.user.create({ data: { email: `${mark}@itx1` } })
      await pause(Math.random() * 30)
      await tx.user.create({ data: { email: `${mark}@itx2` } })
    })
    return 2
  },
  async (client, mark) => {
    await client.$transaction([
      client.user.create({ data: { email: `${mark}@batch1` } }),
      client.user.create({ data: { email: `${mark}@batch2` } }),
      client.user.count(),
    ])
    return 2
  },
  async (client, mark) => {
    const email = `${mark}@raw`
    await client.$executeRaw`INSERT INTO "User" (email) VALUES (${email})`
    expect(await client.$queryRaw`SELECT email FROM "User" WHERE email = ${email}`).toEqual([{ email }])
    return 1
  },
  async (client) => {
    await Promise.all([1, 2, 3].map((id) => client.user.findUnique({ where: { id }, include: { posts: true } })))
    return 0
  },
  async (client, mark) => {
    const rollback = client.$transaction(async (tx) => {
      await tx.user.create({ data: { email: `${mark}@undone` } })
      throw new Error('undo')
    })
    await expect(rollback).rejects.toThrow('undo')
    return 0
  },
]

describe('mixed work while pools are swapped every 50 ms', () => {
  it('A3, A5, D1, D3: nothing fails, every write is there exactly once, and no connection is left', async () => {
    const { prisma, database } = await postgresBranches(BRANCHES, { maxAge: 50, healthChecks: true, maxClients: 12 })
    let swaps = 0
    let mostConnections = 0
    prisma.$branches.on('retired', () => swaps++)
    const failures: unknown[] = []
    prisma.$branches.on('closeFailed', (event) => failures.push(event))
    prisma.$branches.on('drainTimedOut', (event) => failures.push(event))
    const written = new Map(BRANCHES.map((name) => [name, 0]))
    let working = true

    const worker = async (id: number) => {
      for (let round = 0; round < ROUNDS; round++) {
        const name = BRANCHES[(id + round) % BRANCHES.length] as string
        const kind = kinds[(id + round) % kinds.length] as (typeof kinds)[number]
        const mark = `${id}-${round}`
        try {
          const rows = await (round % 2 === 0
            ? prisma.$withBranch(name, () => kind(prisma, mark))
            : kind(prisma.$branch(name), mark))
          written.set(name, (written.get(name) ?? 0) + rows)
        } catch (error) {
          failures.push(error)
        }
      }
    }
    const sampler = (async () => {
      while (working) {
        mostConnections = Math.max(mostConnections, await database.connections())
        await pause(50)
      }
    })()
    await Promise.all(Array.from({ length: WORKERS }, (_, id) => worker(id)))
    working = false
    await sampler

    expect(failures).toEqual([])
    expect(swaps).toBeGreaterThan(30)
    expect(mostConnections).toBeLessThanOrEqual(12 * 5)
    await prisma.$disconnect()
    expect(await connectionsSettle(database, 0)).toBe(0)
    for (const name of BRANCHES) {
      const [row] = await database.query<{ rows: string; marks: string; undone: string }>(
        `SELECT count(*) AS rows, count(DISTINCT email) AS marks, count(*) FILTER (WHERE email LIKE '%@undone') AS undone
         FROM branch_${name}."User" WHERE email NOT LIKE '%@example.com'`,
      )
      expect(row).toEqual({ rows: `${written.get(name)}`, marks: `${written.get(name)}`, undone: '0' })
    }
  })
})
