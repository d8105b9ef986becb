import { describe, expect, it } from 'vitest'
import { type SqlDriverAdapter, sql } from '../../../src/driver/driver-adapter.ts'
import type { Datasource } from '../../../src/pools/datasource.ts'
import { BranchEvents } from '../../../src/pools/events.ts'
import { Pools } from '../../../src/pools/pools.ts'
import { poolStats } from '../../../src/pools/stats.ts'
import { resolveCapSettings, resolvePoolSettings } from '../../../src/settings/settings.ts'
import { Gate } from '../../kit/gate.ts'
import { ManualClock } from '../../kit/manual-clock.ts'

const DRAIN = 5_000
const CLOSE = 1_000

/** What a caller waits for on its way to a pool, one after the other. Each can be held back. */
const AWAITS = ['room', 'predecessor', 'connect', 'pragma', 'probe'] as const
type Await = (typeof AWAITS)[number]

/** A driver of nothing, whose answers can be held back: no real one hangs where it is told to. */
class HeldDriver {
  readonly gates: Record<Await, Gate> = {
    room: new Gate(),
    predecessor: new Gate(),
    connect: new Gate(),
    pragma: new Gate(),
    probe: new Gate(),
  }
  connected = 0
  disposed = 0
  readonly statements: string[] = []

  constructor(readonly provider: SqlDriverAdapter['provider']) {}

  async connect(): Promise<SqlDriverAdapter> {
    await this.gates.connect.pass()
    this.connected++
    const run = async (text: string) => {
      if (text.startsWith('PRAGMA')) await this.gates.pragma.pass()
      else if (text === 'SELECT 1') await this.gates.probe.pass()
      else this.statements.push(text)
      return { columnNames: ['name', 'file'], columnTypes: [], rows: [['main', '/file']] }
    }
    return {
      provider: this.provider,
      adapterName: 'held',
      queryRaw: ({ sql: text }) => run(text),
      executeRaw: ({ sql: text }) => run(text).then(() => 1),
      executeScript: async (text) => void (await run(text)),
      startTransaction: () => Promise.reject(new Error('No transactions here')),
      dispose: async () => {
        await this.gates.predecessor.pass()
        this.disposed++
      },
    }
  }
}

async function bench(at: Await, maxClients: number) {
  const clock = new ManualClock()
  const options = { maxAge: Infinity, healthChecks: true, probeInterval: 0, drainTimeout: DRAIN, closeTimeout: 60_000 }
  const settings = {
    ...resolvePoolSettings(options, {}),
    ...resolveCapSettings({ maxClients, acquireTimeout: Infinity }, {}),
  }
  const pools = new Pools(
    { ...settings, closeTimeout: at === 'predecessor' ? 60_000 : CLOSE },
    clock,
    new BranchEvents(),
  )
  const add = (name: string) => {
    const driver = new HeldDriver('sqlite')
    const datasource: Datasource = { key: name, label: name, branch: name, connect: () => driver.connect() }
    const run = async () => {
      const pool = await pools.acquire(datasource, undefined)
      try {
        await pool.adapter.queryRaw(sql('work'))
      } finally {
        pool.end()
      }
    }
    return { driver, datasource, run }
  }
  return { clock, pools, add, left: () => poolStats(pools) }
}

/** Brings one caller to where it waits for `at`. */
async function callerAt(at: Await) {
  const { clock, pools, add, left } = await bench(at, at === 'room' ? 1 : 2)
  const a = add('a')
  const other = add('other')
  let busy: Promise<void> | undefined
  if (at === 'room') {
    // A pool in use, by one who begins and does not end.
    const pool = await pools.acquire(other.datasource, undefined)
    busy = new Promise<void>((resolve) => {
      a.driver.gates.room.shut()
      void a.driver.gates.room.pass().then(() => {
        pool.end()
        resolve()
      })
    })
  }
  if (at === 'predecessor') {
    await a.run()
    a.driver.gates.predecessor.shut()
    void pools.close('closed', ({ branch }) => branch === 'a')
    await clock.settle()
  }
  if (at === 'probe') await a.run()
  if (at === 'connect' || at === 'pragma' || at === 'probe') a.driver.gates[at].shut()
  const before = { connected: a.driver.connected, statements: a.driver.statements.length }
  const outcome = a.run().then(
    () => 'served',
    (error: { code?: string }) => error.code,
  )
  await clock.settle()
  expect(a.driver.gates[at].waiting).toBe(1)
  return { clock, pools, a, other, before, outcome, busy, left, letGo: () => a.driver.gates[at].open() }
}

describe.for(AWAITS)('a caller that waits for its %s', (at) => {
  const ofBranch = ({ branch }: { branch: string }) => branch === 'a'

  it('is served when that comes, although its branch is being closed', async () => {
    const { clock, pools, a, before, outcome, busy, left, letGo } = await callerAt(at)
    const closed = pools.close('closed', ofBranch)
    await clock.advance(DRAIN - 1)
    letGo()
    await clock.settle()
    expect(await outcome).toBe('served')
    await closed
    await busy
    expect(a.driver.statements.length).toBe(before.statements + 1)
    expect(a.driver.disposed).toBe(a.driver.connected)
    expect(left().filter(ofBranch)).toEqual([])
  })

  it('gets an error when that takes too long for a close, and leaves nothing: no work, place, connection or timer', async () => {
    const { clock, pools, a, other, before, outcome, busy, left, letGo } = await callerAt(at)
    let over = false
    const closed = pools.close('closed', ofBranch).then(() => {
      over = true
    })
    await clock.advance(DRAIN - 1)
    // Who waits for a probe opens another pool at once, since this one is closed.
    expect(over).toBe(at === 'probe')
    await clock.advance(1 + (at === 'predecessor' ? 60_000 : CLOSE))
    await closed
    expect(await outcome).toBe(at === 'probe' ? 'served' : 'BRANCH_CLOSED')
    letGo()
    await busy
    await clock.settle()
    expect(a.driver.statements.length).toBe(before.statements + (at === 'probe' ? 1 : 0))
    expect(a.driver.disposed).toBe(a.driver.connected)
    expect(left().filter(ofBranch)).toEqual([])
    // The place is free, and the branch is as good as new.
    await other.run()
    await a.run()
    await pools.close('shutdown')
    expect(clock.timers).toBe(0)
    expect(other.driver.disposed).toBe(other.driver.connected)
    expect(a.driver.disposed).toBe(a.driver.connected)
  })

  it('is no hindrance to others of its branch, who come later', async () => {
    const { clock, pools, a, outcome, busy, letGo } = await callerAt(at)
    const closed = pools.close('closed', ofBranch)
    await clock.advance(DRAIN - 1)
    const later = a.run()
    await clock.settle()
    await clock.advance(1)
    letGo()
    await later
    await Promise.all([closed, outcome, busy])
    await pools.close('shutdown')
    expect(a.driver.disposed).toBe(a.driver.connected)
    expect(clock.timers).toBe(0)
  })
})
