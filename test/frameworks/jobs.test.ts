import { describe, expect, test } from 'vitest'
import { seed } from '../../examples/seed.ts'
import { schedule } from '../../examples/worker/schedule.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { connectionsSettle, postgresBranches, testDatabase } from '../postgres/kit.ts'
import { ChildProgram } from './kit/child-program.ts'
import { ConnectionWatch } from './kit/connection-watch.ts'
import { type Example, startExample } from './kit/example.ts'
import { answer, begin, get } from './kit/http-client.ts'
import { eventually } from './kit/served.ts'
import { TableLock } from './kit/table-lock.ts'

const BRANCHES = ['a', 'b', 'c', 'd', 'e']

interface Progress {
  waiting: number
  active: number
  completed: number
  failed: number
}

async function addJob({ origin }: Example, job: { branch: string; email: string; ms?: number }): Promise<Progress> {
  const call = begin(`${origin}/jobs`, { method: 'POST' })
  return JSON.parse((await answer(call, JSON.stringify({ name: job.branch, ...job }))).text)
}

async function progress({ origin }: Example): Promise<Progress> {
  return JSON.parse((await get(`${origin}/jobs`)).text)
}

/** Of each user that jobs made: the address, and how many posts. */
function written({ database }: Example, branch: string): Promise<{ email: string; posts: number }[]> {
  const schema = `"branch_${branch}"`
  return database.query(
    `SELECT email, count("Post".id)::int AS posts FROM ${schema}."User" LEFT JOIN ${schema}."Post" ON "authorId" = "User".id
     WHERE email NOT LIKE 'ada@%' GROUP BY email ORDER BY email`,
  )
}

describe('the worker example', () => {
  test('does each job on its own branch, four at a time, and goes on after one that fails', async () => {
    const worker = await startExample('worker', BRANCHES)
    const jobs = Array.from({ length: 60 }, (_, index) => ({
      branch: BRANCHES[index % BRANCHES.length] ?? '',
      email: `${index % 50}@x.example`,
      ms: 20,
    }))
    // No job ends before all are there.
    const lock = await TableLock.on(worker.database, BRANCHES)
    for (const job of jobs) await addJob(worker, job)
    const added = await addJob(worker, { branch: 'gone', email: 'x@x.example' })
    expect(added).toEqual({ waiting: 57, active: 4, completed: 0, failed: 0 })
    await lock.release()
    // The last ten have an address that is taken, and one has no branch.
    await eventually(() => progress(worker)).toEqual({ waiting: 0, active: 0, completed: 50, failed: 11 })
    for (const [index, branch] of BRANCHES.entries()) {
      const emails = jobs.slice(0, 50).filter((_, job) => job % BRANCHES.length === index)
      const expected = emails.map(({ email }) => ({ email, posts: 1 }))
      expect(await written(worker, branch)).toEqual(expected.sort((a, b) => (a.email < b.email ? -1 : 1)))
    }
    expect(await connectionsSettle(worker.database, 0)).toBe(0)
  })

  test('on SIGTERM ends the jobs under way, starts no other, and exits with 0 and without a connection', async () => {
    const worker = await startExample('worker', BRANCHES, { DB_CONN_MAX_AGE: 'none' })
    const lock = await TableLock.on(worker.database, BRANCHES)
    for (const branch of BRANCHES) await addJob(worker, { branch, email: 'x@x.example', ms: 20 })
    expect(await progress(worker)).toMatchObject({ waiting: 1, active: 4 })
    worker.program.signal('SIGTERM')
    // Nobody listens any more: it has begun to end.
    await eventually(() => progress(worker).catch(({ code }) => code)).toEqual('ECONNREFUSED')
    await lock.release()
    expect(await worker.program.exit()).toBe(0)
    const complete = [{ email: 'x@x.example', posts: 1 }]
    for (const [index, branch] of BRANCHES.entries()) {
      expect(await written(worker, branch)).toEqual(index < 4 ? complete : [])
    }
    expect(await connectionsSettle(worker.database, 0)).toBe(0)
  })

  test('runs a task again and again, keeps its connections from run to run, and holds none past max-age', async () => {
    const maxAge = 2_000
    const { database } = await startExample('worker', BRANCHES, {
      DB_CONN_MAX_AGE: String(maxAge / 1_000),
      REPORT_INTERVAL: '100',
    })
    const watch = new ConnectionWatch(database)
    // Each connection is used by every run. If that kept it, there would never be others.
    for (let generation = 0; generation < 3; generation++) {
      await eventually(() => watch.present.size).toEqual(BRANCHES.length)
      const present = [...watch.present]
      await eventually(() => present.filter((pid) => watch.present.has(pid))).toEqual([])
    }
    const { oldest, seen, most } = await watch.end()
    expect(oldest).toBeGreaterThan(0.5 * maxAge)
    expect(seen.size).toBeGreaterThan(2 * BRANCHES.length)
    expect(most).toBeLessThanOrEqual(2 * BRANCHES.length)
  })
})

test('at max-age 0, a task that runs again and again leaves no connection between two runs', async () => {
  const { prisma, database } = await postgresBranches(['a', 'b'], { maxAge: 0 })
  const before: number[] = []
  const during: number[] = []
  const stop = schedule(async () => {
    // A run does not go on before the connections of the last one are gone.
    before.push(await connectionsSettle(database, 0))
    for (const branch of ['a', 'b']) {
      await prisma.$withBranch(branch, async () => {
        await prisma.user.count()
        during.push(await database.connections())
      })
    }
  }, 50)
  await eventually(() => before.length).toEqual(8)
  await stop()
  expect(before).toEqual(Array(8).fill(0))
  expect(Math.min(...during)).toBe(1)
})

test('a script that has its client by `await using` exits by itself, without a connection', async () => {
  const database = await testDatabase()
  await seed(database, ['a', 'b'])
  const program = new ChildProgram('test/frameworks/child/await-using.ts', { DATABASE_URL: database.url })
  expect(await program.says(/read .*/)).toBe('read main a b')
  // An idle connection would keep it alive for ever.
  expect(await program.exit()).toBe(0)
  expect(await connectionsSettle(database, 0)).toBe(0)
})

test('a loop without units of work closes old pools by closeObsolete(), and keeps the others', async () => {
  const maxAge = 1_500
  const clock = new ManualClock()
  const { prisma, database } = await postgresBranches(['a', 'b'], { maxAge, maxAgeJitter: 0 }, undefined, clock)
  for (let turn = 0; turn < 2; turn++) {
    for (const branch of ['a', 'b']) await prisma.$branch(branch).user.findMany()
    await prisma.$branches.closeObsolete()
    expect(prisma.$branches.stats()).toHaveLength(2)
    // It computes, and lets nothing else have a turn, timers neither.
    clock.jump(maxAge)
    await prisma.$branches.closeObsolete()
    expect(prisma.$branches.stats()).toEqual([])
    expect(await connectionsSettle(database, 0)).toBe(0)
  }
})
