import { AsyncLocalStorage } from 'node:async_hooks'
import type { ManagedAdapterFactory } from '../../src/adapter/managed-adapter.ts'
import { type SqlDriverAdapter, type SqlResultSet, sql, type Transaction } from '../../src/driver/driver-adapter.ts'
import type { Datasource } from '../../src/pools/datasource.ts'
import type { Pools } from '../../src/pools/pools.ts'
import { AcquireTimeoutError, ClosedWhileConnectingError, DrainTimeoutError } from '../../src/settings/errors.ts'
import { UnitOfWork } from '../../src/units/unit-of-work.ts'
import { type FakeDatabase, FakeError } from './fake-driver.ts'
import { ageOf, type Fate, isForgotten, isLive, type Ledger, type Moment, type Operation, type Unit } from './ledger.ts'
import { hasTransaction } from './oracle/judgement.ts'
import type { Watch } from './oracle/watch.ts'

/** A branch: its database, and what a PrismaClient of it would have. */
export interface Branch {
  readonly name: string
  readonly database: FakeDatabase
  readonly factory: ManagedAdapterFactory
  client: SqlDriverAdapter | undefined
  connecting: Promise<SqlDriverAdapter | undefined> | undefined
}

/** A unit of work of the library's own, which ends when it is told to. */
export interface OpenUnit extends Unit {
  enter<T>(work: () => T): T
  end(): void
}

/** A transaction that a caller has open. */
export interface OpenTransaction {
  readonly transaction: Transaction
  readonly branch: Branch
  /** Statements under way in it. */
  busy: number
}

/** What callers do, as Prisma's engine does it for them. Nothing here waits for anything but its own promises. */
export class Application {
  readonly units: OpenUnit[] = []
  readonly transactions: OpenTransaction[] = []
  readonly operations = new Map<string, Operation>()
  /** Calls that close pools: when they were made, and when they came back. */
  readonly closings = new Map<Moment, Moment | undefined>()
  #statements = 0
  readonly #pools: Pools
  readonly #ledger: Ledger
  readonly #watch: Watch

  constructor(pools: Pools, ledger: Ledger, watch: Watch) {
    this.#pools = pools
    this.#ledger = ledger
    this.#watch = watch
  }

  async statement(branch: Branch, unit: OpenUnit | undefined, fate: Fate): Promise<void> {
    const client = branch.client ?? (await this.connect(branch, unit))
    if (client === undefined) return
    await this.#issue<unknown>('statement', branch, unit, fate, async ({ id, issued }) => {
      if (issued.order % 2 === 0) return client.executeRaw(sql(id))
      this.#check(await client.queryRaw(sql(id)), branch, id)
    })
  }

  async begin(branch: Branch, unit: OpenUnit | undefined, fate: Fate): Promise<void> {
    const client = branch.client ?? (await this.connect(branch, unit))
    if (client === undefined) return
    const transaction = await this.#issue('transaction', branch, unit, fate, ({ id }) =>
      // The one thing that reaches the driver as it was given.
      client.startTransaction(id as never),
    )
    if (transaction !== undefined) this.transactions.push({ transaction, branch, busy: 0 })
  }

  /** Before the first statement of a client, once for all who ask at the same time. */
  connect(branch: Branch, unit: OpenUnit | undefined): Promise<SqlDriverAdapter | undefined> {
    branch.connecting ??= this.#issue('client', branch, unit, 'ok', () => branch.factory.connect()).then((client) => {
      branch.connecting = undefined
      branch.client ??= client
      return client
    })
    return branch.connecting
  }

  async within(open: OpenTransaction, fate: Fate): Promise<void> {
    open.busy++
    const id = `statement ${++this.#statements} ${fate}`
    await this.#tolerate(open.transaction.queryRaw(sql(id)).then((result) => this.#check(result, open.branch, id)))
    open.busy--
  }

  /** In SQL first for the drivers that want it, and by a rollback if that fails. */
  async end(open: OpenTransaction, how: 'commit' | 'rollback', fate: Fate): Promise<void> {
    if (fate !== 'ok') open.branch.database.foresee('end', fate)
    this.transactions.splice(this.transactions.indexOf(open), 1)
    const { transaction } = open
    const phantom = transaction.options.usePhantomQuery
    const ended = phantom || (await this.#tolerate(transaction.executeRaw(sql(how.toUpperCase()))))
    await this.#tolerate(ended ? transaction[how]() : transaction.rollback())
  }

  startUnit(): void {
    let end = () => {}
    const unit: OpenUnit = {
      ended: undefined,
      used: new Set(),
      enter: (work) => work(),
      end: () => {
        unit.ended ??= this.#ledger.now()
        end()
      },
    }
    void new UnitOfWork(this, undefined).run(() => {
      unit.enter = AsyncLocalStorage.snapshot()
      return new Promise<void>((resolve) => {
        end = resolve
      })
    })
    this.units.push(unit)
  }

  /** Of one branch, or all: what `$branches.close()` and `$disconnect()` come to. */
  async close(branch: Branch | undefined): Promise<void> {
    const which = ({ key }: Datasource) => branch === undefined || key === branch.name
    const reason = branch === undefined ? 'shutdown' : 'closed'
    await this.#closing(which, () => this.#pools.close(reason, which))
  }

  /** What `$disconnect()` of a branch's client comes to. */
  async dispose({ client, name }: Branch): Promise<void> {
    if (client !== undefined)
      await this.#closing(
        ({ key }) => key === name,
        () => client.dispose(),
      )
  }

  async closeObsolete(maxAge: number): Promise<void> {
    this.#ledger.tell('closeObsolete()')
    const done = this.#pools.closeObsolete()
    const now = this.#ledger.now()
    for (const connection of this.#ledger.open) {
      if (!isLive(connection) || connection.kind === 'memory' || maxAge === 0 || ageOf(connection, now) < maxAge)
        continue
      // One that ended in this turn may not have been heard of.
      if (hasTransaction(connection) || connection.calmed?.turn === now.turn) continue
      this.#ledger.blame('closeObsolete() retires every obsolete pool', connection.number)
    }
    await done
  }

  async #closing(which: (datasource: Datasource) => boolean, close: () => Promise<void>): Promise<void> {
    const ledger = this.#ledger
    const matches = ({ branch }: { branch: string }) => which({ key: branch } as Datasource)
    ledger.tell('close()')
    const before = ledger.operations.length
    const open = [...ledger.open].filter(matches)
    this.#watch.closing(open)
    const called = ledger.now()
    this.closings.set(called, undefined)
    await close()
    this.closings.set(called, ledger.now())
    ledger.tell('close() is over')
    this.#watch.closed(called)
    const left = open.filter((it) => !it.closed && !it.failed && !isForgotten(it))
    if (left.length > 0) ledger.blame('D3: close() waits for every pool there was', ...left.map(({ number }) => number))
    if (ledger.operations.slice(before).some(matches)) return
    const all = [...this.#pools.openings, ...this.#pools.all]
    if (all.some(({ datasource }) => which(datasource))) {
      ledger.blame('D3: close() leaves nothing, unless somebody comes later')
    }
  }

  async #issue<T>(
    kind: Operation['kind'],
    branch: Branch,
    unit: OpenUnit | undefined,
    fate: Fate,
    call: (operation: Operation) => Promise<T>,
  ): Promise<T | undefined> {
    const ledger = this.#ledger
    const operation = ledger.issue(kind, branch.name, unit, fate)
    this.operations.set(operation.id, operation)
    ledger.issuing = operation
    this.#watch.issuing(operation)
    const promise = unit === undefined ? call(operation) : unit.enter(() => call(operation))
    ledger.issuing = undefined
    this.#watch.issued(operation)
    let result: T | undefined
    try {
      result = await promise
      operation.outcome = 'ok'
    } catch (error) {
      operation.outcome = 'failed'
      if (error instanceof AcquireTimeoutError) operation.outcome = 'gave up'
      if (error instanceof ClosedWhileConnectingError) operation.outcome = 'told to leave'
      if (operation.outcome === 'failed') this.#expect(error)
    }
    ledger.pending.delete(operation)
    ledger.tell('settled', operation.id, operation.outcome)
    this.#watch.settles(operation)
    return result
  }

  async #tolerate(promise: Promise<unknown>): Promise<boolean> {
    try {
      await promise
      return true
    } catch (error) {
      this.#expect(error)
      return false
    }
  }

  /** Every answer carries the name of its branch, and what it answers (rule I1). */
  #check({ rows }: SqlResultSet, branch: Branch, id: string): void {
    const expected = [[branch.name, id]]
    if (JSON.stringify(rows) === JSON.stringify(expected)) return
    this.#ledger.blame('I1: a caller gets the answer to its own statement, of its own branch', id, rows)
  }

  /** Errors that the driver made, or that the caller was told of. */
  #expect(error: unknown): void {
    if (error instanceof FakeError || error instanceof DrainTimeoutError) return
    this.#ledger.blame('Callers get the errors of the database and of the settings, and no others', error)
  }
}
