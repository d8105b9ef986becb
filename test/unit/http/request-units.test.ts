import { describe, expect, it } from 'vitest'
import type { ChosenBranch } from '../../../src/http/branch-choice.ts'
import { fromRequest } from '../../../src/http/from-request.ts'
import { type BranchedClient, type EnteredRequest, RequestUnits } from '../../../src/http/request-units.ts'
import { systemClock } from '../../../src/pools/clock.ts'
import { UnknownBranchError } from '../../../src/settings/errors.ts'
import { CountingClock } from '../../faults/counting-clock.ts'
import { sqliteBranches, whose } from '../../kit/sqlite-branches.ts'

const NAMES = 10_000

/** Units of requests that are nothing but the branch they ask for. */
async function unitsOf(options: { pattern?: RegExp } = {}) {
  const kit = await sqliteBranches({ maxAge: 0 })
  const units = new RequestUnits(kit.prisma, { branch: (choice: ChosenBranch) => choice, ...options })
  const entered: EnteredRequest[] = []
  const run = async (choice: ChosenBranch) => units.run(choice, async (request) => void entered.push(request))
  return { ...kit, units, entered, run }
}

describe('the unit of work of a request', () => {
  it('has the branch that was chosen, and lasts until its work is done', async () => {
    const { prisma, units } = await unitsOf()
    const read: string[] = []
    for (const choice of ['a', undefined, { branch: 'b' }]) {
      const problem = await units.run(choice, async ({ branch }) => {
        read.push(await whose(prisma))
        // At max-age 0, the pool is kept for the unit.
        expect(prisma.$branches.stats().map((pool) => pool.branch)).toEqual(branch === undefined ? [] : [branch])
      })
      expect(problem).toBeUndefined()
      await expect.poll(() => prisma.$branches.stats()).toEqual([])
    }
    expect(read).toEqual(['a', 'main', 'b'])
  })

  it('is not entered for an unknown branch, or a name that does not match the pattern', async () => {
    const { run, entered } = await unitsOf()
    for (const [branch, code] of Object.entries({
      gone: 'BRANCH_UNKNOWN',
      '../a': 'BRANCH_INVALID_NAME',
      'a\nb': 'BRANCH_INVALID_NAME',
      'a\n': 'BRANCH_INVALID_NAME',
      '.': 'BRANCH_INVALID_NAME',
      '': 'BRANCH_INVALID_NAME',
      [`a${'x'.repeat(63)}`]: 'BRANCH_INVALID_NAME',
    })) {
      const problem = await run({ branch, source: 'subdomain' })
      expect(JSON.parse(problem?.body ?? '{}')).toMatchObject({ status: 400, code })
    }
    expect(entered).toEqual([])
  })

  it('shows nothing of what the url option threw', async () => {
    const url = () => {
      throw new Error('connect postgres://admin:hunter2@db failed')
    }
    const { prisma } = await sqliteBranches({ url })
    const problem = await new RequestUnits(prisma, { branch: () => 'a' }).run(undefined, async () => {})
    expect(problem?.status).toBe(400)
    expect(problem?.body).not.toMatch(/hunter2|admin|postgres/)
  })

  it.each([/^[ab]$/g, /[ab]$/y, /[ab]$/gy])('matches every name anew with the pattern %s', async (pattern) => {
    const { run, entered } = await unitsOf({ pattern })
    for (const branch of ['a', 'b', 'a', 'b']) expect(await run(branch)).toBeUndefined()
    expect(pattern.lastIndex).toBe(0)
    const problem = await run('c')
    expect(JSON.parse(problem?.body ?? '{}')).toMatchObject({ code: 'BRANCH_INVALID_NAME' })
    expect(entered.length).toBe(4)
  })

  it('keeps the anchor of a sticky pattern', async () => {
    const { run } = await unitsOf({ pattern: /[ab]$/y })
    const problem = await run('xa')
    expect(JSON.parse(problem?.body ?? '{}')).toMatchObject({ code: 'BRANCH_INVALID_NAME' })
  })

  it('goes on without a stale cookie, with what else was asked for', async () => {
    const { run, entered } = await unitsOf()
    const stale = (otherwise?: { branch: string }) => ({ setCookie: 'gone', otherwise })
    await run({ branch: 'gone', stale: stale() })
    await run({ branch: '../x', stale: stale({ branch: 'a' }) })
    await run({ branch: 'b', stale: stale() })
    expect(entered).toEqual([
      { branch: undefined, setCookie: 'gone', vary: [] },
      { branch: 'a', setCookie: 'gone', vary: [] },
      { branch: 'b', setCookie: undefined, vary: [] },
    ])
    expect(await run({ branch: 'gone', stale: stale({ branch: 'gone-too' }) })).toMatchObject({ status: 400 })
    expect(entered.length).toBe(3)
  })

  it('hands on what its work throws, even the error of an unknown branch', async () => {
    const { units } = await unitsOf()
    const error = new UnknownBranchError('other', 'asked for by the work')
    let calls = 0
    const fails = async () => {
      calls++
      throw error
    }
    const choice = { branch: 'a', stale: { setCookie: 'gone', otherwise: undefined } }
    await expect(units.run(choice, fails)).rejects.toBe(error)
    expect(calls).toBe(1)
  })

  it('hands on what choosing throws, and refuses what is no choice', async () => {
    const { prisma } = await sqliteBranches()
    const choosing = (branch: () => never) => new RequestUnits(prisma, { branch }).run(undefined, async () => {})
    const error = new Error('No session')
    const fail = () => {
      throw error
    }
    await expect(choosing(fail)).rejects.toBe(error)
    for (const wrong of [42, true, {}, ['a'], { name: 'a' }, { branch: 42 }, { branch: ['a'] }]) {
      await expect(choosing(() => wrong as never)).rejects.toMatchObject({ code: 'BRANCH_INVALID_OPTION' })
    }
  })

  it.each<[given: string, choice: ChosenBranch]>([
    ['undefined', undefined],
    ['null, as of a header that is not there', new Headers().get('X-Branch')],
    ['a choice of undefined', { branch: undefined }],
    ['a choice of null', { branch: null }],
    ['a stale cookie and null', { branch: 'gone', stale: { setCookie: 'gone', otherwise: null } }],
  ])('takes %s as a request that names none', async (_given, choice) => {
    const { entered, prisma, run } = await unitsOf()
    expect(await run(choice)).toBeUndefined()
    expect(entered.map(({ branch }) => branch)).toEqual([undefined])
    const strict = new RequestUnits(prisma, { branch: () => choice, main: false })
    const problem = await strict.run(undefined, async () => expect.unreachable())
    expect(JSON.parse(problem?.body ?? '{}')).toMatchObject({ code: 'BRANCH_REQUIRED' })
  })

  it.each<[requireBranch: boolean | undefined, main: boolean | undefined, served: boolean]>([
    [undefined, undefined, true],
    [false, undefined, true],
    [true, undefined, false],
    [true, true, true],
    [true, false, false],
    [undefined, false, false],
  ])('is main’s where requireBranch is %s and main is %s: %s', async (requireBranch, main, served) => {
    const branches: unknown[] = []
    const client = {
      $withBranch: async (branch: string | undefined, work: () => unknown) => {
        branches.push(branch)
        return work()
      },
      $branches: { requireBranch },
    } as unknown as BranchedClient
    const problem = await new RequestUnits(client, { branch: () => undefined, main }).run(undefined, async () => {})
    expect(branches).toEqual(served ? [undefined] : [])
    expect(problem && JSON.parse(problem.body).code).toBe(served ? undefined : 'BRANCH_REQUIRED')
  })

  it('refuses a main option that is neither true nor false', async () => {
    const { prisma } = await sqliteBranches()
    const make = () => new RequestUnits(prisma, { branch: () => 'a', main: 'no' as never })
    expect(make).toThrow(/main must be true or false, got a string/)
  })

  it('says what a choice of the application’s own depends on', async () => {
    const { run, entered } = await unitsOf()
    await run({ branch: 'a', vary: ['X-Tenant'] })
    expect(entered).toEqual([{ branch: 'a', setCookie: undefined, vary: ['X-Tenant'] }])
    expect(await run({ branch: 'gone', vary: ['X-Tenant'] })).toMatchObject({ status: 400, vary: ['X-Tenant'] })
  })

  it('B5: a flood of names, unknown or malformed, leaves no pool, client or timer behind', async ({ task }) => {
    const clock = new CountingClock(systemClock)
    const { prisma, made } = await sqliteBranches({ maxAge: 60_000 }, clock)
    const units = new RequestUnits(prisma, { branch: fromRequest({ header: 'X-Branch' }) })
    const statuses = new Set<number | undefined>()
    const started = performance.now()
    for (let i = 0; i < NAMES; i++) {
      const name = i % 2 === 0 ? `unknown-${i}` : `../${i}`
      const problem = await units.run({ headers: { 'x-branch': name } }, async () => {})
      statuses.add(problem?.status)
    }
    const each = ((performance.now() - started) / NAMES) * 1_000
    task.meta.row = { 'what happened': 'names refused', times: NAMES, 'µs each': each.toFixed(1) }
    expect(statuses).toEqual(new Set([400]))
    expect(prisma.$branches.stats()).toEqual([])
    expect([made, clock.timers]).toEqual([[], 0])
  })
})
