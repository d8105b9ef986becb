import { EventEmitter } from 'node:events'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { ManagedAdapterFactory } from '../../../src/adapter/managed-adapter.ts'
import { type SqlDriverAdapter, type SqlQuery, sql } from '../../../src/driver/driver-adapter.ts'
import { poolBench } from '../../kit/pool-bench.ts'

/** A transaction that was open for as long as `drainTimeout` lets it be, and was cut. */
async function cutTransaction() {
  const bench = poolBench({ maxAge: Infinity, drainTimeout: 5_000 })
  const a = await bench.branch('a')
  const transaction = await a.adapter.startTransaction()
  const closed = bench.pools.close('closed')
  await bench.clock.advance(5_000)
  await closed
  return { a, transaction }
}

describe('closing', () => {
  it('D1: statements in flight and open transactions finish before their pool closes', async () => {
    const bench = poolBench({ maxAge: Infinity, drainTimeout: 30_000 })
    const [a, b] = [await bench.branch('a'), await bench.branch('b')]
    const transaction = await a.adapter.startTransaction()
    b.database.statements.shut()
    const statement = b.select()
    let done = false
    const closed = bench.pools.close('shutdown').then(() => {
      done = true
    })
    await bench.clock.advance(29_999)
    expect([done, a.database.open, b.database.open]).toEqual([false, 1, 1])
    b.database.statements.open()
    await statement
    await transaction.commit()
    await closed
    expect([a.database.open, b.database.open]).toEqual([0, 0])
    expect(bench.happened('drainTimedOut')).toEqual([])
  })

  it('D1: a transaction that drains for longer than drainTimeout is cut, reported, and rolled back', async () => {
    const bench = poolBench({ maxAge: Infinity, drainTimeout: 30_000 })
    const a = await bench.branch('a')
    await a.adapter.executeScript('CREATE TABLE t (x INTEGER)')
    const transaction = await a.adapter.startTransaction()
    await transaction.executeRaw({ sql: 'INSERT INTO t VALUES (1)', args: [], argTypes: [] })
    const closed = bench.pools.close('closed')
    await bench.clock.advance(30_000)
    await closed
    expect(bench.happened('drainTimedOut', 'inFlight')).toEqual([1])
    await expect(transaction.executeRaw({ sql: 'SELECT 1', args: [], argTypes: [] })).rejects.toMatchObject({
      code: 'BRANCH_DRAIN_TIMEOUT',
    })
    // As Prisma's engine ends it.
    await transaction.rollback()
    expect(bench.stats()).toEqual([])
    expect(await a.select('SELECT count(*) FROM t')).toMatchObject({ rows: [[0]] })
  })

  it('D1: a statement that never ends holds up the close for drainTimeout, and no longer', async () => {
    const bench = poolBench({ maxAge: Infinity, drainTimeout: 5_000 })
    const a = await bench.branch('a')
    a.database.statements.shut()
    const hung = a.select()
    const closed = bench.pools.close('closed')
    await bench.clock.advance(5_000)
    await closed
    expect(bench.happened('drainTimedOut', 'inFlight')).toEqual([1])
    expect(bench.stats()).toEqual([])
    // The driver has been told, and what it makes of the statement is its caller's.
    expect(a.database.open).toBe(0)
    a.database.statements.open()
    await Promise.allSettled([hung])
  })

  it('D1: a transaction that is committing when drainTimeout runs out is not cut', async () => {
    const bench = poolBench({ maxAge: Infinity, drainTimeout: 5_000, closeTimeout: 1_000 })
    const a = await bench.branch('a')
    await a.adapter.executeScript('CREATE TABLE t (x INTEGER)')
    const transaction = await a.adapter.startTransaction()
    await transaction.executeRaw({ sql: 'INSERT INTO t VALUES (1)', args: [], argTypes: [] })
    a.database.statements.shut()
    const committed = transaction.commit()
    const closed = bench.pools.close('closed')
    await bench.clock.advance(5_500)
    a.database.statements.open()
    await committed
    await closed
    expect(await a.select('SELECT count(*) FROM t')).toMatchObject({ rows: [[1]] })
  })

  it('D1: a transaction that was cut says so at whatever comes next, and is left once', async () => {
    const { a, transaction } = await cutTransaction()
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'BRANCH_DRAIN_TIMEOUT' })
    await transaction.rollback()
    expect(a.database).toMatchObject({ opened: 1, disposed: 1 })
  })

  it('D1: a transaction that was cut lets the engine end it, so that its caller hears what its statement failed with', async () => {
    const { a, transaction } = await cutTransaction()
    // As Prisma's engine ends it: the first error of this is what the caller of a batch would get.
    expect(await transaction.executeRaw({ sql: 'ROLLBACK', args: [], argTypes: [] })).toBe(0)
    await transaction.rollback()
    expect(a.database.work).toEqual(['1: BEGIN', '1: ROLLBACK'])
    expect(a.database).toMatchObject({ opened: 1, disposed: 1 })
  })

  it('D1: a transaction that was cut counts as in flight until it is rolled back, whatever its caller does', async () => {
    const bench = poolBench({ maxAge: Infinity, drainTimeout: 5_000, closeTimeout: 1_000 })
    const a = await bench.branch('a')
    const transaction = await a.adapter.startTransaction()
    const closed = bench.pools.close('closed')
    a.database.statements.shut()
    await bench.clock.advance(5_000)
    await transaction.rollback()
    await bench.clock.settle()
    expect(bench.stats()).toMatchObject([{ inFlight: 1, state: 'draining' }])
    expect(a.database.disposed).toBe(0)
    a.database.statements.open()
    await closed
    expect(a.database.disposed).toBe(1)
    expect(a.database.log.at(-1)?.sql).toBe('ROLLBACK')
  })

  it('L5: a connect that hangs does not hang a close: who waits for it gets an error, and what still comes is closed', async () => {
    for (const close of ['close', 'shutDown'] as const) {
      const bench = poolBench({ maxAge: Infinity, drainTimeout: 5_000 })
      const a = await bench.branch('a')
      a.database.connecting.shut()
      const waiting = expect(a.select()).rejects.toMatchObject({
        name: 'ClosedWhileConnectingError',
        code: 'BRANCH_CLOSED',
      })
      await bench.clock.settle()
      const over = close === 'close' ? bench.pools.close('closed') : bench.pools.shutDown()
      expect(bench.clock.deadlines).toBe(1)
      await bench.clock.advance(5_000)
      await Promise.all([over, waiting])
      expect(bench.stats()).toEqual([])
      a.database.connecting.open()
      await bench.clock.settle()
      expect(a.database).toMatchObject({ opened: 1, disposed: 1, log: [] })
      expect(bench.clock.timers).toBe(0)
    }
  })

  it('L5: the place of a connect that nobody waits for any more is free', async () => {
    const bench = poolBench({ maxAge: Infinity, maxClients: 1, acquireTimeout: 60_000, drainTimeout: 5_000 })
    const [a, b] = [await bench.branch('a'), await bench.branch('b')]
    a.database.connecting.shut()
    const hanging = expect(a.select()).rejects.toMatchObject({ code: 'BRANCH_CLOSED' })
    const waiting = b.select()
    const closed = bench.pools.close('closed', ({ branch }) => branch === 'a')
    await bench.clock.advance(5_000)
    await Promise.all([hanging, closed, waiting])
    expect(bench.states()).toEqual(['b live'])
    a.database.connecting.open()
  })

  it('L5: a close takes no longer than drainTimeout and closeTimeout, and the driver has been told, whatever it does', async () => {
    const bench = poolBench({ maxAge: Infinity, drainTimeout: 5_000, closeTimeout: 1_000 })
    const [statement, transaction, dispose] = [
      await bench.branch('statement'),
      await bench.branch('transaction'),
      await bench.branch('dispose'),
    ]
    await transaction.adapter.startTransaction()
    await dispose.select()
    for (const { database } of [statement, transaction, dispose]) {
      database.statements.shut()
      database.closing.shut()
    }
    const hung = statement.select()
    await bench.clock.settle()
    let over = false
    const closed = bench.pools.close('shutdown').then(() => {
      over = true
    })
    await bench.clock.advance(5_999)
    expect(over).toBe(false)
    await bench.clock.advance(1)
    await closed
    expect([statement, transaction, dispose].map(({ database }) => database.closing.waiting)).toEqual([1, 1, 1])
    expect(bench.stats()).toEqual([])
    expect(bench.clock.timers).toBe(0)
    for (const { database } of [statement, transaction, dispose]) {
      database.statements.open()
      database.closing.open()
    }
    await Promise.allSettled([hung])
    await bench.clock.settle()
    expect([statement, transaction, dispose].map(({ database }) => database.disposed)).toEqual([1, 1, 1])
  })

  it('L5: a transaction that begins after its pool was closed by force is rolled back, and its caller knew before', async () => {
    const bench = poolBench({ maxAge: Infinity, drainTimeout: 5_000, closeTimeout: 1_000 })
    const a = await bench.branch('a')
    await a.select()
    a.database.statements.shut()
    const transaction = expect(a.adapter.startTransaction()).rejects.toMatchObject({ code: 'BRANCH_DRAIN_TIMEOUT' })
    await bench.clock.settle()
    const closed = bench.pools.close('closed')
    await bench.clock.advance(5_000)
    await transaction
    await bench.clock.advance(1_000)
    await closed
    expect(bench.stats()).toEqual([])
    expect(a.database.disposed).toBe(1)
    a.database.statements.open()
    await bench.clock.settle()
    expect(a.database.work.filter((text) => !/SELECT|BEGIN|ROLLBACK/.test(text))).toEqual([])
  })

  it('L5: a close takes no longer of a pool that drains without a limit, since another branch needs its place', async () => {
    const bench = poolBench({ maxAge: Infinity, maxClients: 1, acquireTimeout: Infinity, drainTimeout: 5_000 })
    const [a, b] = [await bench.branch('a'), await bench.branch('b')]
    a.database.statements.shut()
    const hung = a.select()
    const waiting = b.select()
    await bench.clock.advance(60_000)
    expect(bench.states()).toEqual(['a draining', 'b waiting'])
    const closed = bench.pools.close('closed', ({ branch }) => branch === 'a')
    await bench.clock.advance(5_000)
    await Promise.all([closed, waiting])
    expect(bench.states()).toEqual(['b live'])
    a.database.statements.open()
    await Promise.allSettled([hung])
  })

  it('L1: a drain keeps the process alive until it is over, or cut', async () => {
    const bench = poolBench({ maxAge: 1_000, drainTimeout: 5_000 })
    const a = await bench.branch('a')
    a.database.statements.shut()
    const slow = a.select()
    await bench.clock.settle()
    expect(bench.clock.deadlines).toBe(0)
    await bench.clock.advance(1_000)
    expect(bench.states()).toEqual(['a draining'])
    expect(bench.clock.deadlines).toBe(1)
    a.database.statements.open()
    await slow
    await bench.clock.settle()
    expect(bench.clock.deadlines).toBe(0)
  })

  it('stats() never shows a pool as closed, not even to the listeners that are told so', async () => {
    const bench = poolBench({ maxAge: Infinity })
    const a = await bench.branch('a')
    const seen: string[][] = []
    for (const event of ['retired', 'closed'] as const) bench.events.on(event, () => seen.push(bench.states()))
    await a.select()
    await bench.pools.close('closed')
    expect(seen).toEqual([['a draining'], []])
  })

  it('a close() that a listener of retired asks for waits for that pool, too', async () => {
    const bench = poolBench({ maxAge: Infinity })
    const a = await bench.branch('a')
    const order: string[] = []
    let again: Promise<unknown> | undefined
    bench.events.on('retired', () => {
      again = bench.pools.close('closed').then(() => order.push('close() is over'))
    })
    bench.events.on('closed', () => order.push('closed'))
    await a.select()
    await bench.pools.close('closed')
    await again
    expect(order).toEqual(['closed', 'close() is over'])
  })

  it('L5: a statement that waits for a connection inside of a driver that has closed gets an error, and no answer is lost', async () => {
    const bench = poolBench({ maxAge: Infinity, drainTimeout: 5_000, closeTimeout: 1_000 })
    const connected: pg.Pool[] = []
    const answers: (() => void)[] = []
    // The pool of node-postgres as it is, on connections whose answers the test gives.
    class Connection extends EventEmitter {
      connect(done: () => void) {
        setImmediate(done)
      }
      query(text: string, _values: unknown, done: (error: null, result: object) => void) {
        answers.push(() => done(null, { rows: [[text]], fields: [] }))
      }
      end(done?: () => void) {
        setImmediate(() => done?.())
      }
      ref() {}
      unref() {}
    }
    const connect = async (): Promise<SqlDriverAdapter> => {
      const pool = new pg.Pool({ max: 1, Client: Connection as never })
      connected.push(pool)
      const queryRaw = async ({ sql: text }: SqlQuery) => {
        const { rows } = await pool.query(text, [])
        return { columnNames: ['text'], columnTypes: [], rows }
      }
      return {
        provider: 'postgres',
        adapterName: 'pg',
        queryRaw,
        executeRaw: async (query) => (await queryRaw(query)).rows.length,
        executeScript: async () => {},
        startTransaction: () => Promise.reject(new Error('No transactions here')),
        dispose: () => pool.end(),
      }
    }
    const factory = { provider: 'postgres', adapterName: 'pg', connect } as const
    const datasource = { key: 'q', label: 'q', branch: 'q', connect }
    const adapter = await new ManagedAdapterFactory(factory, datasource, bench.pools).connect()
    const slow = adapter.queryRaw(sql('slow'))
    const queued = expect(adapter.queryRaw(sql('queued'))).rejects.toMatchObject({
      code: 'BRANCH_DRAIN_TIMEOUT',
      message: expect.stringContaining('whether it was done is not known'),
    })
    await bench.clock.settle()
    expect([answers.length, connected[0]?.waitingCount]).toEqual([1, 1])
    const closed = bench.pools.close('closed')
    await bench.clock.advance(6_000)
    await closed
    // Long after it counts as closed, the first is answered after all, and its connection ends.
    answers[0]?.()
    expect(await slow).toMatchObject({ rows: [['slow']] })
    await queued
    expect(answers).toHaveLength(1)
  })

  it('D2: closing twice, or from two places, closes once', async () => {
    const bench = poolBench({ maxAge: Infinity })
    const a = await bench.branch('a')
    await a.select()
    await Promise.all([bench.pools.close('closed'), a.adapter.dispose(), bench.pools.close('shutdown')])
    await bench.pools.close('shutdown')
    expect(a.database).toMatchObject({ opened: 1, disposed: 1 })
    expect(bench.happened('closed', 'reason')).toEqual(['closed'])
  })

  it('D3: nothing is left at the end, also of a pool that was just being opened', async () => {
    const bench = poolBench({ maxAge: 1_000, idleTimeout: 500, healthChecks: true })
    const [a, b] = [await bench.branch('a'), await bench.branch('b')]
    await a.select()
    b.database.connecting.shut()
    const opening = b.select()
    await bench.clock.settle()
    const closed = bench.pools.close('shutdown')
    b.database.connecting.open()
    await opening
    await closed
    expect([a.database.open, b.database.open]).toEqual([0, 0])
    expect(bench.stats()).toEqual([])
    expect(bench.clock.timers).toBe(0)
  })

  it('D3: nothing is left of a caller who waits for a probe while everything is closed', async () => {
    const bench = poolBench({ maxAge: Infinity, healthChecks: true, probeInterval: 0 })
    const a = await bench.branch('a')
    await a.select()
    a.database.statements.shut()
    const statement = a.select('SELECT 2')
    await bench.clock.settle()
    const closed = bench.pools.close('shutdown')
    a.database.statements.open()
    await Promise.all([statement, closed])
    expect(a.database).toMatchObject({ opened: 2, disposed: 2 })
    expect(bench.stats()).toEqual([])
    expect(a.database.work.at(-1)).toBe('2: SELECT 2')
  })

  it('B3: one close that rejects does not stop the others, and is reported', async () => {
    const bench = poolBench({ maxAge: Infinity })
    const all = [await bench.branch('a'), await bench.branch('b'), await bench.branch('c')]
    for (const branch of all) await branch.select()
    const failing = all[1]?.database
    if (failing) failing.closeError = new Error('cannot close')
    await bench.pools.close('shutdown')
    expect(all.map(({ database }) => database.disposed)).toEqual([1, 1, 1])
    expect(bench.happened('closeFailed')).toEqual(['b'])
    expect(bench.happened('closed').sort()).toEqual(['a', 'b', 'c'])
    expect(bench.stats()).toEqual([])
  })

  it('D4: a database in memory is closed neither by age, nor idleness, nor the cap, nor its probe', async () => {
    for (const maxAge of [0, 1_000]) {
      const probe = () => Promise.reject(new Error('unfit'))
      const bench = poolBench({
        maxAge,
        idleTimeout: 1_000,
        maxClients: 1,
        acquireTimeout: 100,
        healthChecks: true,
        probe,
      })
      const memory = await bench.branch('memory', ':memory:', 'sqlite')
      await memory.adapter.executeScript('CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (42)')
      memory.database.statementError = Object.assign(new Error('busy'), { cause: { kind: 'SocketTimeout' } })
      await memory.select().catch(() => {})
      memory.database.statementError = undefined
      await bench.clock.advance(3_600_000)
      const file = expect(bench.branch('file')).rejects.toMatchObject({ code: 'BRANCH_ACQUIRE_TIMEOUT' })
      await bench.clock.advance(100)
      await file
      expect(await memory.select('SELECT x FROM t')).toMatchObject({ rows: [[42]] })
      expect(memory.database).toMatchObject({ opened: 1, disposed: 0 })
    }
  })

  it('an explicit close ends a database in memory, too', async () => {
    const bench = poolBench({ maxAge: 0 })
    const memory = await bench.branch('memory', ':memory:', 'sqlite')
    await memory.select()
    await bench.clock.settle()
    expect(memory.database.open).toBe(1)
    await bench.pools.close('closed')
    expect(memory.database.open).toBe(0)
  })

  it('closeObsolete() closes what is obsolete and idle, and does not wait for what is in use', async () => {
    const bench = poolBench({ maxAge: 1_000 })
    const [idle, busy, young] = [await bench.branch('idle'), await bench.branch('busy'), await bench.branch('young')]
    await idle.select()
    const transaction = await busy.adapter.startTransaction()
    bench.clock.jump(600)
    await young.select()
    bench.clock.jump(400)
    await bench.pools.closeObsolete()
    expect(bench.states()).toEqual(['young live', 'busy draining'])
    await transaction.commit()
    await bench.clock.settle()
    expect(bench.states()).toEqual(['young live'])
  })

  it('closeObsolete() probes a suspect pool, and closes it if it proves unfit', async () => {
    const probe = () => Promise.reject(new Error('unfit'))
    const bench = poolBench({ maxAge: Infinity, probe })
    const a = await bench.branch('a')
    await a.select()
    a.database.statementError = Object.assign(new Error('lost'), { code: 'ECONNRESET' })
    await a.select().catch(() => {})
    await bench.pools.closeObsolete()
    expect(bench.stats()).toEqual([])
    expect(bench.happened('retired', 'reason')).toEqual(['unhealthy'])
  })

  it('A9: closeObsolete() does not probe a suspect pool that it closes', async () => {
    let probes = 0
    const bench = poolBench({ maxAge: 0, probe: async () => void probes++ })
    const a = await bench.branch('a')
    await a.select()
    a.database.statementError = Object.assign(new Error('lost'), { code: 'ECONNRESET' })
    await a.select().catch(() => {})
    await bench.pools.closeObsolete()
    expect([probes, a.database.open]).toEqual([0, 0])
  })

  it("a listener's mistake stops no clean-up, and is not swallowed", async () => {
    const bench = poolBench({ maxAge: Infinity })
    const a = await bench.branch('a')
    await a.select()
    bench.events.on('retired', () => {
      throw new Error('a bug in a listener')
    })
    const thrown = new Promise((resolve) => {
      const listeners = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.once('uncaughtException', (error) => {
        for (const listener of listeners) process.on('uncaughtException', listener)
        resolve(error)
      })
    })
    await bench.pools.close('closed')
    expect(a.database.open).toBe(0)
    expect(await thrown).toMatchObject({ message: 'a bug in a listener' })
  })
})
