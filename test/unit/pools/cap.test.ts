import { describe, expect, it } from 'vitest'
import { sql } from '../../../src/driver/driver-adapter.ts'
import { type BenchBranch, poolBench } from '../../kit/pool-bench.ts'

const cap = { maxAge: Infinity, acquireTimeout: 4_000 }

async function branchesOf(bench: ReturnType<typeof poolBench>, names: string): Promise<BenchBranch[]> {
  return Promise.all([...names].map((name) => bench.branch(name)))
}

describe('maxClients', () => {
  it('C1: at the cap the least recently used idle pool is evicted', async () => {
    const bench = poolBench({ ...cap, maxClients: 2 })
    const [a, b, c] = (await branchesOf(bench, 'abc')) as [BenchBranch, BenchBranch, BenchBranch]
    await a.select()
    await b.select()
    await a.select()
    await c.select()
    expect(bench.states()).toEqual(['a live', 'c live'])
    expect(bench.happened('retired', 'reason')).toEqual(['evicted'])
    expect(b.database.open).toBe(0)
  })

  it('C1: never more pools are open than maxClients, draining and closing ones counted', async () => {
    const bench = poolBench({ ...cap, maxClients: 3 })
    const all = await branchesOf(bench, 'abcdefgh')
    let most = 0
    const sample = () => {
      most = Math.max(
        most,
        all.reduce((sum, { database }) => sum + database.open, 0),
      )
    }
    await Promise.all(
      all.map(async (branch) => {
        for (let i = 0; i < 5; i++) {
          await branch.select()
          sample()
          await bench.clock.settle()
        }
      }),
    )
    expect(most).toBe(3)
    expect(all.every(({ database }) => database.work.length === 5)).toBe(true)
  })

  it('C1: a place is free only when the driver has closed the evicted pool', async () => {
    const bench = poolBench({ ...cap, maxClients: 1, closeTimeout: 3_000 })
    const [a, b] = (await branchesOf(bench, 'ab')) as [BenchBranch, BenchBranch]
    await a.select()
    a.database.closing.shut()
    const waiting = b.select()
    await bench.clock.settle()
    expect(bench.states()).toEqual(['a closing', 'b waiting'])
    a.database.closing.open()
    await waiting
    expect(bench.states()).toEqual(['b live'])
  })

  it('L2: a unit of work holds no place that others wait for, at any max-age', async () => {
    for (const maxAge of [0, Infinity]) {
      const bench = poolBench({ ...cap, maxAge, maxClients: 2 })
      const [a, b, c] = (await branchesOf(bench, 'abc')) as [BenchBranch, BenchBranch, BenchBranch]
      await bench.unit(async () => {
        await a.select()
        await b.select()
        await c.select()
        expect([a.database.open, b.database.open, c.database.open]).toEqual([0, 1, 1])
      })
      expect(bench.happened('retired', 'reason')[0]).toBe('evicted')
    }
  })

  it('L2: a unit of work that visits more branches than maxClients waits for none of them', async () => {
    for (const maxAge of [0, Infinity]) {
      const bench = poolBench({ ...cap, maxAge, maxClients: 3 })
      const all = await branchesOf(bench, 'abcdefghijkl')
      await bench.unit(async () => {
        for (const branch of all) await branch.select()
        await Promise.all(all.map((branch) => branch.select()))
      })
      expect(all.every(({ database }) => database.work.length === 2)).toBe(true)
    }
  })

  it('C2: callers wait first come first served', async () => {
    const bench = poolBench({ ...cap, maxClients: 1 })
    const [a, b, c, d] = (await branchesOf(bench, 'abcd')) as [BenchBranch, BenchBranch, BenchBranch, BenchBranch]
    a.database.statements.shut()
    const busy = a.select()
    await bench.clock.settle()
    const order: string[] = []
    const waiting = [c.select(), b.select(), d.select()].map((done, i) =>
      done.then(() => order.push('cbd'[i] as string)),
    )
    await bench.clock.settle()
    expect(bench.states()).toEqual(['a live', 'c waiting', 'b waiting', 'd waiting'])
    a.database.statements.open()
    await busy
    for (let i = 0; i < 4; i++) await bench.clock.settle()
    await Promise.all(waiting)
    expect(order).toEqual(['c', 'b', 'd'])
  })

  it('C2: after acquireTimeout the error names the setting, and no branch but its own', async () => {
    const bench = poolBench({ ...cap, maxClients: 2 })
    const [a, b, c] = (await branchesOf(bench, 'abc')) as [BenchBranch, BenchBranch, BenchBranch]
    a.database.statements.shut()
    b.database.statements.shut()
    const busy = [a.select(), b.select(), b.select()]
    await bench.clock.settle()
    const waiting = c.select().catch((error: unknown) => error)
    await bench.clock.advance(3_999)
    expect(bench.states()).toContain('c waiting')
    await bench.clock.advance(1)
    const error = await waiting
    expect(error).toMatchObject({ name: 'AcquireTimeoutError', code: 'BRANCH_ACQUIRE_TIMEOUT' })
    expect(String(error)).toContain('acquireTimeout (4000 ms)')
    expect(String(error)).toContain('Raise maxClients (DB_CONN_MAX_CLIENTS)')
    expect(String(error)).toContain('Branch "c" found no room')
    expect(String(error)).not.toMatch(/"[ab]"/)
    a.database.statements.open()
    b.database.statements.open()
    await Promise.all(busy)
  })

  it('C2: branches whose pools are never idle do not starve the others: the pool open longest makes room', async () => {
    const bench = poolBench({ ...cap, maxClients: 2 })
    const [a, b, c] = (await branchesOf(bench, 'abc')) as [BenchBranch, BenchBranch, BenchBranch]
    a.database.statements.shut()
    b.database.statements.shut()
    const busy = [a.select(), b.select()]
    await bench.clock.settle()
    const waiting = c.select('SELECT 3')
    await bench.clock.advance(1_000)
    expect(bench.states()).toEqual(['b live', 'a draining', 'c waiting'])
    // Its own branch queues up behind those who waited.
    const again = a.select('SELECT 4')
    a.database.statements.open()
    await waiting
    b.database.statements.open()
    await Promise.all([...busy, again])
    expect(a.database.work).toEqual(['1: SELECT 1 AS one', '2: SELECT 4'])
  })

  it('C3: a caller that gave up leaves no place taken', async () => {
    const bench = poolBench({ ...cap, maxClients: 1, acquireTimeout: 100 })
    const [a, b, c] = (await branchesOf(bench, 'abc')) as [BenchBranch, BenchBranch, BenchBranch]
    a.database.statements.shut()
    const busy = a.select()
    await bench.clock.settle()
    const gaveUp = expect(b.select()).rejects.toMatchObject({ code: 'BRANCH_ACQUIRE_TIMEOUT' })
    await bench.clock.advance(100)
    await gaveUp
    a.database.statements.open()
    await busy
    await bench.clock.settle()
    await c.select()
    expect(b.database.opened).toBe(0)
    expect(bench.states()).toEqual(['c live'])
    expect(bench.clock.timers).toBe(0)
  })

  it('C3: callers of one branch give up one by one; its place in the queue stays for those who wait on', async () => {
    const bench = poolBench({ ...cap, maxClients: 1, acquireTimeout: 4_000 })
    const [a, b] = (await branchesOf(bench, 'ab')) as [BenchBranch, BenchBranch]
    a.database.statements.shut()
    const busy = a.select()
    await bench.clock.settle()
    const early = expect(b.select('SELECT 1')).rejects.toMatchObject({ code: 'BRANCH_ACQUIRE_TIMEOUT' })
    await bench.clock.advance(3_000)
    const late = b.select('SELECT 2')
    await bench.clock.advance(1_000)
    await early
    a.database.statements.open()
    await busy
    await late
    expect(b.database.work).toEqual(['1: SELECT 2'])
  })

  it('L3: who has waited long enough gets the place of a pool without an open transaction', async () => {
    const bench = poolBench({ ...cap, maxClients: 2, drainTimeout: 500 })
    const [a, b, c] = (await branchesOf(bench, 'abc')) as [BenchBranch, BenchBranch, BenchBranch]
    // Of the two, a is open for longer.
    const transaction = await a.adapter.startTransaction()
    b.database.statements.shut()
    const busy = b.select()
    const waiting = c.select()
    await bench.clock.advance(1_000)
    expect(bench.states()).toEqual(['a live', 'b draining', 'c waiting'])
    b.database.statements.open()
    await Promise.all([busy, waiting])
    await transaction.commit()
    expect(bench.happened('retired')).toEqual(['b'])
  })

  it('L3: an eviction cuts nothing, however long the work takes', async () => {
    const bench = poolBench({ ...cap, maxClients: 1, acquireTimeout: Infinity, drainTimeout: 500 })
    const [a, b] = (await branchesOf(bench, 'ab')) as [BenchBranch, BenchBranch]
    a.database.statements.shut()
    const busy = a.select()
    const waiting = b.select()
    await bench.clock.advance(60_000)
    expect(bench.states()).toEqual(['a draining', 'b waiting'])
    expect(bench.happened('drainTimedOut')).toEqual([])
    a.database.statements.open()
    await Promise.all([busy, waiting])
    expect(a.database.disposed).toBe(1)
  })

  it('L3: a pool that drains is no room yet: another is asked when patience is lost again', async () => {
    const bench = poolBench({ ...cap, maxClients: 3 })
    const [a, b, c, d] = (await branchesOf(bench, 'abcd')) as [BenchBranch, BenchBranch, BenchBranch, BenchBranch]
    const busy = []
    for (const branch of [a, b, c]) {
      branch.database.statements.shut()
      busy.push(branch.select())
      await bench.clock.settle()
    }
    const waiting = d.select()
    await bench.clock.advance(1_000)
    expect(bench.states()).toEqual(['b live', 'c live', 'a draining', 'd waiting'])
    await bench.clock.advance(1_000)
    expect(bench.states()).toEqual(['c live', 'a draining', 'b draining', 'd waiting'])
    // The first report goes on; the second was short.
    b.database.statements.open()
    await waiting
    expect(bench.states()).toEqual(['c live', 'd live', 'a draining'])
    for (const { database } of [a, c]) database.statements.open()
    await Promise.all(busy)
  })

  it('L3: where a transaction is open on every pool, none is asked before one of them has ended', async () => {
    const bench = poolBench({ ...cap, maxClients: 2 })
    const [a, b, c] = (await branchesOf(bench, 'abc')) as [BenchBranch, BenchBranch, BenchBranch]
    const transactions = [await a.adapter.startTransaction(), await b.adapter.startTransaction()] as const
    const waiting = c.select()
    await bench.clock.advance(2_500)
    expect(bench.states()).toEqual(['a live', 'b live', 'c waiting'])
    // What is needed beside them is served. (SQLite answers that when the transaction is over.)
    const beside = [a.select(), b.select()]
    await bench.clock.settle()
    expect([a.database.work.length, b.database.work.length]).toEqual([2, 2])
    await transactions[1].commit()
    await waiting
    expect(bench.states()).toEqual(['a live', 'c live'])
    await transactions[0].commit()
    await Promise.all(beside)
  })

  it('L3: at a full cap a pool with an open transaction outlives its max-age, and serves what is needed beside it', async () => {
    const bench = poolBench({ ...cap, maxAge: 1_000, maxClients: 2 })
    const [a, b] = (await branchesOf(bench, 'ab')) as [BenchBranch, BenchBranch]
    const transactions = [await a.adapter.startTransaction(), await b.adapter.startTransaction()]
    await bench.clock.advance(1_000)
    // (SQLite answers that when the transaction is over.)
    const beside = [a.select('SELECT 2'), b.select('SELECT 2')]
    await bench.clock.settle()
    expect(bench.states()).toEqual(['a live', 'b live'])
    expect([a.database.work, b.database.work]).toEqual([
      ['1: BEGIN', '1: SELECT 2'],
      ['1: BEGIN', '1: SELECT 2'],
    ])
    for (const transaction of transactions) await transaction.commit()
    await Promise.all(beside)
    await bench.clock.settle()
    expect(bench.states()).toEqual([])
    expect(bench.happened('retired', 'reason')).toEqual(['max-age', 'max-age'])
    expect(a.database.opened + b.database.opened).toBe(2)
  })

  it('L3: where there is room for its successor, an obsolete pool is left to its open transactions', async () => {
    const bench = poolBench({ ...cap, maxAge: 1_000, maxClients: 2 })
    const a = await bench.branch('a')
    const transaction = await a.adapter.startTransaction()
    await bench.clock.advance(1_000)
    await a.select('SELECT 1')
    expect(bench.states()).toEqual(['a live', 'a draining'])
    await transaction.commit()
    expect(a.database.work).toEqual(['1: BEGIN', '2: SELECT 1', '1: COMMIT'])
  })

  describe('acquireTimeout 0', () => {
    const now = { ...cap, acquireTimeout: 0, maxClients: 1, closeTimeout: 60_000 }

    it('C2: fails at once where there is no room', async () => {
      const bench = poolBench({ ...now, maxClients: 2 })
      const [a, b, c] = [await bench.branch('a'), await bench.branch('b'), await bench.branch('c')]
      const transaction = await a.adapter.startTransaction()
      b.database.statements.shut()
      const busy = b.select()
      await bench.clock.settle()
      await expect(c.select()).rejects.toMatchObject({ code: 'BRANCH_ACQUIRE_TIMEOUT' })
      expect(bench.states()).toEqual(['a live', 'b live'])
      b.database.statements.open()
      await busy
      await transaction.commit()
      expect(bench.clock.timers).toBe(0)
    })

    it('C2: works where nobody uses a pool, however long its driver takes to close that', async () => {
      const bench = poolBench(now)
      const [a, b, c] = [await bench.branch('a'), await bench.branch('b'), await bench.branch('c')]
      await a.select()
      a.database.closing.shut()
      const waiting = [b.select('SELECT 1'), b.select('SELECT 2')]
      await bench.clock.advance(59_000)
      // The one place that comes free is taken.
      await expect(c.select()).rejects.toMatchObject({ code: 'BRANCH_ACQUIRE_TIMEOUT' })
      expect(bench.states()).toEqual(['a closing', 'b waiting'])
      a.database.closing.open()
      await Promise.all(waiting)
      expect(bench.states()).toEqual(['b live'])
    })
  })

  it('L1: whoever waits for room keeps the process alive, and nobody else does', async () => {
    const bench = poolBench({ ...cap, maxAge: 60_000, idleTimeout: 30_000, maxClients: 1 })
    const [a, b] = (await branchesOf(bench, 'ab')) as [BenchBranch, BenchBranch]
    const transaction = await a.adapter.startTransaction()
    expect(bench.clock.timers).toBeGreaterThan(0)
    expect(bench.clock.deadlines).toBe(0)
    const waiting = b.adapter.queryRaw(sql('SELECT 1'))
    await bench.clock.settle()
    expect(bench.clock.deadlines).toBeGreaterThan(0)
    await transaction.commit()
    await waiting
    expect(bench.clock.deadlines).toBe(0)
  })

  it('D3: no timer is left when nobody waits any more', async () => {
    const bench = poolBench({ ...cap, maxClients: 1 })
    const [a, b] = (await branchesOf(bench, 'ab')) as [BenchBranch, BenchBranch]
    a.database.statements.shut()
    const busy = a.select()
    await bench.clock.settle()
    const waiting = b.select()
    a.database.statements.open()
    await Promise.all([busy, waiting])
    await bench.pools.close('shutdown')
    expect(bench.clock.timers).toBe(0)
  })

  it('Infinity is no bound', async () => {
    const bench = poolBench({ ...cap, maxClients: Infinity })
    const all = await branchesOf(bench, 'abcdefghijklmnopqrstuvwxyz')
    await Promise.all(all.map((branch) => branch.select()))
    expect(bench.stats()).toHaveLength(26)
  })
})
