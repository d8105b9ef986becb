import { describe, expect, it } from 'vitest'
import { poolBench } from '../../kit/pool-bench.ts'

const PROBE = 'SELECT 1 AS probe'
const checked = { maxAge: Infinity, healthChecks: true, probe: PROBE, probeInterval: 1_000, probeTimeout: 2_000 }
const brokenConnection = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
const uniqueViolation = () => Object.assign(new Error('unique'), { cause: { kind: 'UniqueConstraintViolation' } })

function switchableProbe() {
  const health = {
    fit: true,
    async probe() {
      if (!health.fit) throw new Error('unfit')
    },
  }
  return health
}

describe('health checks', () => {
  it('H1: a new pool is not probed', async () => {
    const bench = poolBench({ ...checked, probeInterval: 0 })
    const a = await bench.branch('a')
    await bench.unit(() => a.select('SELECT 1'))
    expect(a.database.work).toEqual(['1: SELECT 1'])
  })

  it('H2: without health checks a healthy pool is never probed, however long it was unused', async () => {
    const bench = poolBench({ ...checked, healthChecks: false, probeInterval: 0 })
    const a = await bench.branch('a')
    for (let i = 0; i < 3; i++) {
      await bench.unit(() => a.select('SELECT 1'))
      await bench.clock.advance(3_600_000)
    }
    expect(a.database.work).toEqual(['1: SELECT 1', '1: SELECT 1', '1: SELECT 1'])
  })

  it('H2: a reused pool is probed once in a unit of work, before its first statement', async () => {
    const bench = poolBench(checked)
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    await bench.clock.advance(1_000)
    await bench.unit(async () => {
      await a.select('SELECT 1')
      await bench.clock.advance(5_000)
      await a.select('SELECT 2')
    })
    expect(a.database.work).toEqual(['1: SELECT 0', `1: ${PROBE}`, '1: SELECT 1', '1: SELECT 2'])
  })

  it('H2: the probe comes before BEGIN, and no statement inside a transaction is probed', async () => {
    const bench = poolBench({ ...checked, probeInterval: 0 })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    await bench.unit(async () => {
      const transaction = await a.adapter.startTransaction()
      await transaction.executeRaw({ sql: 'SELECT 1', args: [], argTypes: [] })
      await transaction.commit()
    })
    expect(a.database.work).toEqual(['1: SELECT 0', `1: ${PROBE}`, '1: BEGIN', '1: SELECT 1', '1: COMMIT'])
  })

  it('H2: a unit of work that touches no database probes nothing', async () => {
    const bench = poolBench({ ...checked, probeInterval: 0 })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    await bench.unit(() => bench.clock.advance(5_000))
    expect(a.database.work).toEqual(['1: SELECT 0'])
  })

  it('H2: a pool verified by use or probe within the interval is not probed; with interval 0, every unit probes', async () => {
    const bench = poolBench(checked)
    const a = await bench.branch('a')
    for (let i = 0; i < 4; i++) {
      await bench.unit(() => a.select(`SELECT ${i}`))
      await bench.clock.advance(999)
    }
    expect(a.database.work.filter((sql) => sql.includes(PROBE))).toEqual([])

    const django = poolBench({ ...checked, probeInterval: 0 })
    const b = await django.branch('b')
    for (let i = 0; i < 3; i++) await django.unit(() => b.select('SELECT 1'))
    expect(b.database.work).toEqual(['1: SELECT 1', `1: ${PROBE}`, '1: SELECT 1', `1: ${PROBE}`, '1: SELECT 1'])
  })

  it('H3: concurrent first statements share one probe', async () => {
    const bench = poolBench(checked)
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    await bench.clock.advance(1_000)
    await Promise.all([
      bench.unit(() => Promise.all([a.select(), a.select()])),
      bench.unit(() => a.select()),
      a.select(),
    ])
    expect(a.database.work.filter((sql) => sql.includes(PROBE))).toHaveLength(1)
    expect(bench.happened('probed', 'ok')).toEqual([true])
  })

  it('H4: a failed probe retires the pool, and the statement runs once, on a fresh one', async () => {
    const health = switchableProbe()
    const bench = poolBench({ ...checked, probe: health.probe, probeInterval: 0 })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    health.fit = false
    await a.select('SELECT 1')
    await bench.clock.settle()
    expect(a.database.work).toEqual(['1: SELECT 0', '2: SELECT 1'])
    expect(bench.happened('retired', 'reason')).toEqual(['unhealthy'])
    expect(a.database.open).toBe(1)
  })

  it('H4: a probe that hangs has failed after probeTimeout, and does not hang the close of its pool', async () => {
    let hang = false
    const probe = () => (hang ? new Promise<void>(() => {}) : Promise.resolve())
    const bench = poolBench({ ...checked, probe, probeInterval: 0 })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    hang = true
    a.database.closing.shut()
    const statement = a.select('SELECT 1')
    await bench.clock.advance(1_999)
    expect(a.database.work).toEqual(['1: SELECT 0'])
    await bench.clock.advance(1)
    await statement
    expect(a.database.work).toEqual(['1: SELECT 0', '2: SELECT 1'])

    // A driver that hangs at closing, too, keeps no place: it is given up after the same time, and that is reported.
    expect(bench.states()).toEqual(['a live', 'a closing'])
    await bench.clock.advance(2_000)
    expect(bench.states()).toEqual(['a live'])
    expect(bench.happened('closeFailed')).toEqual(['a'])
  })

  it('H4: what is in flight on a pool that fails its probe still finishes', async () => {
    const health = switchableProbe()
    const bench = poolBench({ ...checked, probe: health.probe, probeInterval: 0 })
    const a = await bench.branch('a')
    const transaction = await a.adapter.startTransaction()
    health.fit = false
    await a.select('SELECT 1')
    await transaction.commit()
    await bench.clock.settle()
    expect(a.database.work).toEqual(['1: BEGIN', '2: SELECT 1', '1: COMMIT'])
    expect(a.database.open).toBe(1)
  })

  it("H5: if the fresh pool cannot connect either, the caller gets the database's error; the next use tries anew", async () => {
    const health = switchableProbe()
    const bench = poolBench({ ...checked, probe: health.probe, probeInterval: 0 })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    health.fit = false
    a.database.connectError = new Error('the server is down')
    await expect(a.select('SELECT 1')).rejects.toBe(a.database.connectError)
    await bench.clock.settle()
    expect(bench.states()).toEqual([])

    a.database.connectError = undefined
    await a.select('SELECT 2')
    expect(a.database.work).toEqual(['1: SELECT 0', '2: SELECT 2'])
  })

  it('H5: a pool of a driver that connects late is not kept if its first statement cannot connect', async () => {
    const bench = poolBench({ maxAge: Infinity })
    const a = await bench.branch('a')
    a.database.statementError = brokenConnection()
    await expect(a.select()).rejects.toThrow('ECONNRESET')
    await bench.clock.settle()
    expect(bench.happened('retired', 'reason')).toEqual(['unhealthy'])
    expect(a.database.open).toBe(0)
  })

  it('H6: a statement that failed after it was sent is never repeated', async () => {
    const bench = poolBench({ maxAge: Infinity })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    a.database.statementError = brokenConnection()
    await expect(a.select('SELECT 1')).rejects.toThrow('ECONNRESET')
    a.database.statementError = undefined
    await bench.clock.advance(60_000)
    expect(a.database.work).toEqual(['1: SELECT 0', '1: SELECT 1'])
  })

  it('H7: an error of the connection makes the pool suspect: its next use probes first, with health checks off', async () => {
    const bench = poolBench({ maxAge: Infinity, probe: PROBE })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    a.database.statementError = brokenConnection()
    await expect(a.select('SELECT 1')).rejects.toThrow('ECONNRESET')
    expect(bench.stats()[0]).toMatchObject({ suspect: true })
    a.database.statementError = undefined
    await a.select('SELECT 2')
    await a.select('SELECT 3')
    expect(a.database.work.slice(2)).toEqual([`1: ${PROBE}`, '1: SELECT 2', '1: SELECT 3'])
    expect(bench.stats()[0]).toMatchObject({ suspect: false, lastProbe: { ok: true } })
  })

  it('H7: an error of the connection inside a transaction counts as well', async () => {
    const bench = poolBench({ maxAge: Infinity, probe: PROBE })
    const a = await bench.branch('a')
    const transaction = await a.adapter.startTransaction()
    a.database.statementError = brokenConnection()
    await expect(transaction.queryRaw({ sql: 'SELECT 1', args: [], argTypes: [] })).rejects.toThrow('ECONNRESET')
    a.database.statementError = undefined
    await transaction.rollback()
    expect(bench.stats()[0]).toMatchObject({ suspect: true, inFlight: 0 })
  })

  it('H7: an error of the statement does not', async () => {
    const bench = poolBench({ maxAge: Infinity, probe: PROBE })
    const a = await bench.branch('a')
    a.database.statementError = uniqueViolation()
    await expect(a.select()).rejects.toThrow('unique')
    await expect(a.select('SELECT * FROM nowhere')).rejects.toThrow()
    expect(bench.stats()[0]).toMatchObject({ suspect: false, state: 'live' })
  })

  it('H7: the success of a statement that was under way already does not clear the suspicion', async () => {
    const bench = poolBench({ maxAge: Infinity, probe: PROBE })
    const a = await bench.branch('a')
    await a.select()
    a.database.statements.shut()
    const early = a.select()
    a.database.statementError = brokenConnection()
    const failing = expect(a.select()).rejects.toThrow('ECONNRESET')
    a.database.statements.open()
    await Promise.allSettled([early])
    await failing
    expect(bench.stats()[0]).toMatchObject({ suspect: true })
  })

  it('L4: a pool whose connections are all at work is not taken for broken: its probe waits as long as that may take', async () => {
    const bench = poolBench({ ...checked, probe: PROBE, drainTimeout: 30_000 })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    a.database.statements.shut()
    const reports = [a.select('SELECT 1'), a.select('SELECT 2')]
    await bench.clock.advance(1_000)
    const small = bench.unit(() => a.select('SELECT 3'))
    await bench.clock.advance(20_000)
    expect(bench.states()).toEqual(['a live'])
    a.database.statements.open()
    await Promise.all([...reports, small])
    expect(bench.happened('retired')).toEqual([])
    expect(a.database.opened).toBe(1)
  })

  it('L4: a pool that answers nothing for longer than its work may take is broken, busy or not', async () => {
    const bench = poolBench({ ...checked, probe: PROBE, drainTimeout: 10_000, closeTimeout: 1_000 })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    a.database.statements.shut()
    const lost = a.select('SELECT 1')
    await bench.clock.advance(1_000)
    const later = bench.unit(() => a.select('SELECT 2'))
    await bench.clock.advance(9_000)
    expect(bench.states()).toEqual(['a live'])
    await bench.clock.advance(2_000)
    expect(bench.happened('retired', 'reason')).toEqual(['unhealthy'])
    a.database.statements.open()
    await Promise.allSettled([lost, later])
    expect(a.database.work.at(-1)).toBe('2: SELECT 2')
  })

  it('L4: a probe that waits says nothing while the pool answers others', async () => {
    let hang = false
    const probe = () => (hang ? new Promise<void>(() => {}) : Promise.resolve())
    const bench = poolBench({ ...checked, probe, probeInterval: 0, probeTimeout: 2_000 })
    const a = await bench.branch('a')
    await bench.unit(async () => {
      await a.select('SELECT 0')
      hang = true
      const other = bench.unit(() => a.select('SELECT 1'))
      for (let i = 0; i < 10; i++) {
        await bench.clock.advance(1_000)
        await a.select('SELECT 2')
      }
      expect(bench.states()).toEqual(['a live'])
      await bench.clock.advance(4_000)
      await other
    })
    // When it answers nobody any more, it is as broken as any.
    expect(bench.happened('retired', 'reason')).toEqual(['unhealthy'])
    expect(a.database.work.at(-1)).toBe('2: SELECT 1')
  })

  it('L4: a unit that has verified its pool does not wait for the probe of another', async () => {
    let hang = false
    const probe = () => (hang ? new Promise<void>(() => {}) : Promise.resolve())
    const bench = poolBench({ ...checked, probe, probeInterval: 0 })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    await bench.unit(async () => {
      await a.select('SELECT 1')
      hang = true
      const other = bench.unit(() => a.select('SELECT 3'))
      await bench.clock.settle()
      await a.select('SELECT 2')
      expect(a.database.work).toEqual(['1: SELECT 0', '1: SELECT 1', '1: SELECT 2'])
      await bench.clock.advance(4_000)
      await other
    })
  })

  it('L7: a process that slept probes before it uses a pool, although its monotonic clock stood still', async () => {
    const bench = poolBench({ ...checked, probe: PROBE })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    bench.clock.moveWall(3_600_000)
    await a.select('SELECT 1')
    expect(a.database.work).toEqual(['1: SELECT 0', `1: ${PROBE}`, '1: SELECT 1'])
  })

  it('L1: who waits for a probe keeps the process alive', async () => {
    const bench = poolBench({ ...checked, probe: PROBE, probeInterval: 0 })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    expect(bench.clock.deadlines).toBe(0)
    a.database.statements.shut()
    const statement = a.select('SELECT 1')
    await bench.clock.settle()
    expect(bench.clock.deadlines).toBe(1)
    a.database.statements.open()
    await statement
    expect(bench.clock.deadlines).toBe(0)
  })

  it('H8: an obsolete pool is replaced without being probed', async () => {
    const bench = poolBench({ ...checked, maxAge: 5_000, probeInterval: 0 })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    bench.clock.jump(5_000)
    await a.select('SELECT 1')
    expect(a.database.work).toEqual(['1: SELECT 0', '2: SELECT 1'])
    expect(bench.happened('probed')).toEqual([])
  })

  it('no statement starts on a pool that grew obsolete while it was probed (A3)', async () => {
    const bench = poolBench({ ...checked, maxAge: 5_000, probe: PROBE })
    const a = await bench.branch('a')
    await a.select('SELECT 0')
    await bench.clock.advance(4_000)
    a.database.statements.shut()
    const statement = a.select('SELECT 1')
    await bench.clock.advance(1_000)
    a.database.statements.open()
    await statement
    expect(a.database.work).toEqual(['1: SELECT 0', `1: ${PROBE}`, '2: SELECT 1'])
  })
})
