import { describe, expect, it } from 'vitest'
import { poolBench } from '../../kit/pool-bench.ts'

describe('opening', () => {
  it('B1: one live pool per URL, however many callers arrive while it is cold', async () => {
    const bench = poolBench({ maxAge: 1_000 })
    const a = await bench.branch('a')
    await Promise.all(Array.from({ length: 100 }, (_, i) => a.select(`SELECT ${i}`)))
    expect(a.database.opened).toBe(1)
    expect(a.database.work).toHaveLength(100)
  })

  it('B1: a straggler that kept the adapter of a closed branch finds its way to the live pool', async () => {
    const bench = poolBench({ maxAge: 1_000 })
    const a = await bench.branch('a')
    await a.select()
    await a.adapter.dispose()
    await Promise.all([a.select(), a.select()])
    expect(a.database).toMatchObject({ opened: 2, disposed: 1 })
    await bench.clock.advance(1_000)
    expect(a.database.open).toBe(0)
  })

  it('B2: a connect that fails is not cached, and fails all who waited for it', async () => {
    const bench = poolBench({ maxAge: Infinity })
    const a = await bench.branch('a')
    a.database.connectError = new Error('no route')
    const results = await Promise.allSettled([a.select(), a.select(), a.select()])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    a.database.connectError = undefined
    await a.select()
    expect(a.database).toMatchObject({ opened: 1, disposed: 0 })
    expect(bench.states()).toEqual(['a live'])
  })

  it('B2: a connect that fails gives its place to the next', async () => {
    const bench = poolBench({ maxAge: Infinity, maxClients: 1 })
    const [a, b] = [await bench.branch('a'), await bench.branch('b')]
    a.database.connecting.shut()
    a.database.connectError = new Error('no route')
    const failing = expect(a.select()).rejects.toThrow('no route')
    await bench.clock.settle()
    const waiting = b.select()
    a.database.connecting.open()
    await failing
    await waiting
    expect(bench.states()).toEqual(['b live'])
  })
})
