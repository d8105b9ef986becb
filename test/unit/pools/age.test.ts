import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../../src/pools/clock.ts'
import { poolBench } from '../../kit/pool-bench.ts'

describe('max-age', () => {
  it('A1: counts from the start of connecting', async () => {
    const bench = poolBench({ maxAge: 1_000 })
    const a = await bench.branch('a')
    a.database.connecting.shut()
    const first = a.select()
    await bench.clock.advance(400)
    a.database.connecting.open()
    await first

    await bench.clock.advance(599)
    expect(bench.states()).toEqual(['a live'])
    await bench.clock.advance(1)
    expect(bench.happened('retired', 'age')).toEqual([1_000])
  })

  it('A1, A6: is not extended by use, so a job that runs every few seconds keeps no pool alive', async () => {
    const bench = poolBench({ maxAge: 10_000 })
    const a = await bench.branch('a')
    for (let run = 0; run < 20; run++) {
      await bench.unit(() => a.select())
      await bench.clock.advance(3_000)
    }
    // A minute of runs: each pool was opened by a run and closed when it was 10 s old.
    expect(bench.happened('closed', 'age')).toEqual([10_000, 10_000, 10_000, 10_000, 10_000])
    expect(bench.happened('retired', 'reason')).toEqual(Array(5).fill('max-age'))
  })

  it('A2, A3: at exactly max-age no statement starts on a pool, even if its timer had no chance to fire', async () => {
    const bench = poolBench({ maxAge: 1_000 })
    const a = await bench.branch('a')
    await a.select('SELECT 1')
    bench.clock.jump(999)
    await a.select('SELECT 2')
    bench.clock.jump(1)
    await a.select('SELECT 3')
    expect(a.database.work).toEqual(['1: SELECT 1', '1: SELECT 2', '2: SELECT 3'])
  })

  it('A3: no transaction starts on an obsolete pool either', async () => {
    const bench = poolBench({ maxAge: 1_000 })
    const a = await bench.branch('a')
    await a.select()
    bench.clock.jump(1_000)
    const transaction = await a.adapter.startTransaction()
    await transaction.commit()
    expect(a.database.work).toEqual(['1: SELECT 1 AS one', '2: BEGIN', '2: COMMIT'])
  })

  it('A4: closes an idle pool at its deadline, with no traffic at all', async () => {
    const bench = poolBench({ maxAge: 60_000 })
    const a = await bench.branch('a')
    await a.select()
    await bench.clock.advance(60_000)
    expect(a.database.open).toBe(0)
    expect(bench.clock.timers).toBe(0)
  })

  it('A5: a busy pool closes when its last statement or transaction ends; new work opens a fresh one at once', async () => {
    const bench = poolBench({ maxAge: 1_000 })
    const a = await bench.branch('a')
    a.database.statements.shut()
    const slow = a.select('SELECT 1')
    await bench.clock.advance(1_000)
    expect(bench.states()).toEqual(['a draining'])
    a.database.statements.open()
    await slow
    await bench.clock.settle()
    expect(bench.states()).toEqual([])

    const transaction = await a.adapter.startTransaction()
    await bench.clock.advance(1_000)
    await a.select('SELECT 2')
    expect(bench.states()).toEqual(['a live', 'a draining'])
    await transaction.commit()
    await bench.clock.settle()
    expect(bench.states()).toEqual(['a live'])
    expect(a.database.work).toEqual(['1: SELECT 1', '2: BEGIN', '3: SELECT 2', '2: COMMIT'])
  })

  it('A5: of a SQLite file, the next pool opens when the one before it is closed, since the file has one writer', async () => {
    const bench = poolBench({ maxAge: 1_000 })
    const a = await bench.branch('a', undefined, 'sqlite')
    const transaction = await a.adapter.startTransaction()
    await bench.clock.advance(1_000)
    const waiting = a.select('SELECT 2')
    await bench.clock.settle()
    expect(bench.states()).toEqual(['a draining', 'a opening'])
    expect(a.database.opened).toBe(1)
    await transaction.commit()
    await waiting
    expect(a.database.work).toEqual(['1: BEGIN', '1: COMMIT', '2: SELECT 2'])
    expect(a.database.open).toBe(1)
  })

  it('A6: one long unit of work goes from pool to pool', async () => {
    const bench = poolBench({ maxAge: 1_000 })
    const a = await bench.branch('a')
    await bench.unit(async () => {
      for (let i = 0; i < 5; i++) {
        await a.select()
        await bench.clock.advance(600)
      }
    })
    expect(a.database.opened).toBe(3)
    await bench.clock.advance(1_000)
    expect(a.database.open).toBe(0)
  })

  it('A7: a process that was frozen does not trust its old sockets', async () => {
    const bench = poolBench({ maxAge: 60_000 })
    const a = await bench.branch('a')
    await a.select()
    bench.clock.moveWall(3_600_000)
    await a.select()
    expect(a.database.opened).toBe(2)
  })

  it('A7: a wall clock set back changes nothing', async () => {
    const bench = poolBench({ maxAge: 60_000 })
    const a = await bench.branch('a')
    await a.select()
    bench.clock.moveWall(-3_600_000)
    await bench.clock.advance(59_999)
    await a.select()
    expect(a.database.opened).toBe(1)
    await bench.clock.advance(1)
    expect(a.database.open).toBe(0)
  })

  it('A8: a max-age of 60 days neither fires at once nor never', async () => {
    const sixtyDays = 60 * 86_400_000
    vi.useFakeTimers()
    try {
      const ring = vi.fn()
      systemClock.setTimer(ring, sixtyDays)
      vi.advanceTimersByTime(sixtyDays - 1)
      expect(ring).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(ring).toHaveBeenCalledTimes(1)

      const cancelled = vi.fn()
      const timer = systemClock.setTimer(cancelled, sixtyDays)
      vi.advanceTimersByTime(sixtyDays / 2)
      timer.cancel()
      vi.advanceTimersByTime(sixtyDays)
      expect(cancelled).not.toHaveBeenCalled()
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('never closes by age when it is Infinity', async () => {
    const bench = poolBench({ maxAge: Infinity })
    const a = await bench.branch('a')
    await a.select()
    await bench.clock.advance(365 * 86_400_000)
    await a.select()
    expect(a.database.opened).toBe(1)
  })

  it('a pool that took longer to connect than it may live still serves those who waited for it', async () => {
    const bench = poolBench({ maxAge: 1_000 })
    const a = await bench.branch('a')
    a.database.connecting.shut()
    const waiting = [a.select(), a.select()]
    await bench.clock.advance(5_000)
    a.database.connecting.open()
    await Promise.all(waiting)
    expect(a.database.opened).toBe(1)
    await bench.clock.advance(1)
    expect(a.database.open).toBe(0)
  })

  it('jitter shortens each pool differently, and never lengthens it', async () => {
    const bench = poolBench({ maxAge: 10_000, maxAgeJitter: 0.5, maxClients: 100 })
    for (let i = 0; i < 40; i++) await (await bench.branch(`b${i}`)).select()
    await bench.clock.advance(10_000)
    const ages = bench.happened('retired', 'age') as number[]
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(5_000)
    expect(Math.max(...ages)).toBeLessThanOrEqual(10_000)
    expect(new Set(ages.map(Math.round)).size).toBeGreaterThan(20)
  })
})

describe('max-age 0', () => {
  it('A9: one pool serves all of a unit of work, however much time passes in it, and closes at its end', async () => {
    const bench = poolBench({ maxAge: 0 })
    const a = await bench.branch('a')
    await bench.unit(async () => {
      await a.select()
      await bench.clock.advance(60_000)
      const transaction = await a.adapter.startTransaction()
      await transaction.commit()
      await bench.clock.advance(60_000)
      await a.select()
      expect(a.database.opened).toBe(1)
    })
    await bench.clock.settle()
    expect(a.database.open).toBe(0)
    expect(bench.clock.timers).toBe(0)
  })

  it('A9: the pool closes when the last of the units that use it ends', async () => {
    const bench = poolBench({ maxAge: 0 })
    const a = await bench.branch('a')
    let endFirst = () => {}
    const first = bench.unit(async () => {
      await a.select()
      await new Promise<void>((resolve) => {
        endFirst = resolve
      })
    })
    await bench.clock.settle()
    await bench.unit(() => a.select())
    await bench.clock.settle()
    expect(a.database.open).toBe(1)
    endFirst()
    await first
    await bench.clock.settle()
    expect(a.database).toMatchObject({ opened: 1, disposed: 1 })
  })

  it('A9: without a unit of work, a pool closes after each statement or transaction', async () => {
    const bench = poolBench({ maxAge: 0 })
    const a = await bench.branch('a')
    await a.select()
    await bench.clock.settle()
    expect(a.database.open).toBe(0)
    const transaction = await a.adapter.startTransaction()
    await bench.clock.settle()
    expect(a.database.open).toBe(1)
    await transaction.rollback()
    await bench.clock.settle()
    expect(a.database).toMatchObject({ opened: 2, disposed: 2 })
  })

  it('A9: the statements of one operation, which follow each other at once, share a pool', async () => {
    const bench = poolBench({ maxAge: 0 })
    const a = await bench.branch('a')
    await a.select()
    await a.select()
    await a.select()
    await bench.clock.settle()
    expect(a.database).toMatchObject({ opened: 1, disposed: 1 })
  })

  it('work that outlives its unit is on its own, and leaves nothing open', async () => {
    const bench = poolBench({ maxAge: 0 })
    const a = await bench.branch('a')
    let late: Promise<unknown> | undefined
    await bench.unit(async () => {
      await a.select()
      late = new Promise<void>((resolve) => setImmediate(resolve)).then(() => a.select())
    })
    await late
    await bench.clock.settle()
    expect(a.database.open).toBe(0)
  })
})

describe('idle timeout', () => {
  it('closes a pool that is unused for so long, counted from the end of its last work', async () => {
    const bench = poolBench({ maxAge: Infinity, idleTimeout: 10_000 })
    const a = await bench.branch('a')
    await a.select()
    await bench.clock.advance(9_000)
    await a.select()
    await bench.clock.advance(9_999)
    expect(a.database.open).toBe(1)
    await bench.clock.advance(1)
    expect(a.database.open).toBe(0)
    expect(bench.happened('retired', 'reason')).toEqual(['idle'])
    expect(bench.clock.timers).toBe(0)
  })

  it('L7: is over for a process that slept, although its monotonic clock stood still', async () => {
    const bench = poolBench({ maxAge: Infinity, idleTimeout: 60_000 })
    const a = await bench.branch('a')
    await a.select('SELECT 1')
    bench.clock.moveWall(3_600_000)
    await a.select('SELECT 2')
    expect(a.database.work).toEqual(['1: SELECT 1', '2: SELECT 2'])
    expect(bench.happened('retired', 'reason')).toEqual(['idle'])
  })

  it('does not close a pool whose work takes longer', async () => {
    const bench = poolBench({ maxAge: Infinity, idleTimeout: 1_000 })
    const a = await bench.branch('a')
    const transaction = await a.adapter.startTransaction()
    await bench.clock.advance(60_000)
    expect(bench.states()).toEqual(['a live'])
    await transaction.commit()
    await bench.clock.advance(2_000)
    expect(a.database.open).toBe(0)
  })
})
