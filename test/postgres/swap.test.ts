import { describe, expect, it } from 'vitest'
import { MIXED_WORK, type WorkClient, type WorkKind } from '../kit/mixed-work.ts'
import { connectionsSettle, pause, postgresBranches } from './kit.ts'

const WORKERS = 8
/** At least, and until so many pools were swapped. */
const ROUNDS = 35
const SWAPS = 30
const BRANCHES = ['a', 'b', 'c']

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
      for (let round = 0; round < ROUNDS || swaps <= SWAPS; round++) {
        const name = BRANCHES[(id + round) % BRANCHES.length] as string
        const kind = MIXED_WORK[(id + round) % MIXED_WORK.length] as WorkKind
        const mark = `${id}-${round}`
        try {
          await (round % 2 === 0
            ? prisma.$withBranch(name, () => kind.run(prisma as unknown as WorkClient, mark))
            : kind.run(prisma.$branch(name) as unknown as WorkClient, mark))
          written.set(name, (written.get(name) ?? 0) + kind.writes)
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
