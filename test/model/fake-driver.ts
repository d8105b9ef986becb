import type { SqlDriverAdapter, SqlQuery, SqlResultSet, Transaction } from '../../src/driver/driver-adapter.ts'
import { FakeTransaction } from './fake-transaction.ts'
import { type Connection, type Fate, isForgotten, type Ledger, type Operation } from './ledger.ts'
import type { Watch } from './oracle/watch.ts'
import type { Kind } from './settings.ts'
import type { Steps } from './steps.ts'

/** What can be foreseen to go wrong next time, besides the operations, which bring their own fate. */
export type Foreseeable = 'connect' | 'pragma' | 'probe' | 'end' | 'dispose'

export const NOTHING: SqlResultSet = { columnNames: [], columnTypes: [], rows: [] }

/** Every answer says of which branch it is, and to what. */
export const answerTo = (branch: string, sql: string): SqlResultSet => ({
  columnNames: ['branch', 'statement'],
  columnTypes: [],
  rows: [[branch, sql]],
})

/** An error of the driver, as the library and its callers get it. */
export class FakeError extends Error {
  constructor(fate: Fate) {
    super(fate === 'lost' ? 'Connection terminated unexpectedly' : 'duplicate key value')
    if (fate !== 'lost') this.cause = { kind: 'UniqueConstraintViolation' }
  }
}

/**
 * A database that does nothing but answer: each answer is a step, so that answers come in any order. It is the one fake
 * of the tests, since no real driver can be made to answer in an order of one's choice.
 */
export class FakeDatabase {
  readonly provider: 'postgres' | 'sqlite'
  readonly adapterName = 'fake'
  readonly #foreseen: [Foreseeable, Fate][] = []

  constructor(
    readonly branch: string,
    readonly kind: Kind,
    readonly steps: Steps,
    readonly ledger: Ledger,
    readonly watch: Watch,
    readonly operation: (id: string) => Operation | undefined,
  ) {
    this.provider = kind === 'server' ? 'postgres' : 'sqlite'
  }

  /** The next call of this sort ends so. */
  foresee(what: Foreseeable, fate: Fate): void {
    this.#foreseen.push([what, fate])
  }

  foreseeNothing(): void {
    this.#foreseen.length = 0
  }

  fateOf(what: Foreseeable): Fate {
    const at = this.#foreseen.findIndex(([foreseen]) => foreseen === what)
    return at < 0 ? 'ok' : (this.#foreseen.splice(at, 1)[0]?.[1] ?? 'ok')
  }

  async connect(): Promise<SqlDriverAdapter> {
    const connection = this.ledger.connect(this.branch, this.kind)
    this.ledger.tell('connect', this.branch, `#${connection.number}`)
    this.watch.connects(connection)
    try {
      await this.answer('connect', this.fateOf('connect'))
    } catch (error) {
      connection.failed = true
      this.watch.cannotConnect(connection)
      this.ledger.open.delete(connection)
      throw error
    }
    return new FakeAdapter(this, connection)
  }

  /** Settles at a step of its own, as `fate` will have it; what hangs ends well when it is let go. */
  async answer(what: string, fate: Fate): Promise<void> {
    const label = `${what} ${this.branch}`
    await (fate === 'hang' ? this.steps.hang(label) : this.steps.next(label))
    this.ledger.tell('answer', label, fate)
    if (fate === 'lost' || fate === 'refused') throw new FakeError(fate)
  }
}

/** Statements carry their operation's id as SQL; a transaction carries it as its isolation level. */
export class FakeAdapter implements SqlDriverAdapter {
  readonly provider: FakeDatabase['provider']
  readonly adapterName: string
  readonly #database: FakeDatabase

  constructor(
    database: FakeDatabase,
    readonly connection: Connection,
  ) {
    this.provider = database.provider
    this.adapterName = database.adapterName
    this.#database = database
  }

  queryRaw({ sql }: SqlQuery): Promise<SqlResultSet> {
    if (sql === 'SELECT 1') return this.#probe()
    if (sql === 'PRAGMA database_list') return this.#pragma()
    return this.#statement(sql).then(() => answerTo(this.connection.branch, sql))
  }

  executeRaw({ sql }: SqlQuery): Promise<number> {
    return this.#statement(sql).then(() => 1)
  }

  executeScript(script: string): Promise<void> {
    return this.#statement(script)
  }

  async startTransaction(isolationLevel?: string): Promise<Transaction> {
    const operation = this.#starts(isolationLevel ?? '')
    this.connection.inFlight.add(operation)
    try {
      operation.answer = operation.fate
      await this.#database.answer(`BEGIN of ${operation.id}`, operation.fate)
    } catch (error) {
      this.#ends(operation)
      this.#saw(error)
      throw error
    }
    this.#saw(undefined)
    return new FakeTransaction(
      this.#database,
      this.connection,
      (error) => this.#saw(error),
      () => this.#ends(operation),
    )
  }

  async dispose(): Promise<void> {
    const { ledger, watch } = this.#database
    const connection = this.connection
    ledger.tell('dispose', connection.branch, `#${connection.number}`)
    watch.disposes(connection)
    connection.disposals++
    connection.disposing = ledger.now()
    try {
      await this.#database.answer('dispose', this.#database.fateOf('dispose'))
    } finally {
      connection.disposed = ledger.now()
      if (connection.closed !== undefined || isForgotten(connection)) ledger.open.delete(connection)
    }
  }

  async #statement(id: string): Promise<void> {
    const operation = this.#starts(id)
    this.connection.inFlight.add(operation)
    try {
      operation.answer = operation.fate
      await this.#database.answer(id, operation.fate)
      this.#ends(operation)
      this.#saw(undefined)
    } catch (error) {
      this.#ends(operation)
      this.#saw(error)
      throw error
    }
  }

  async #probe(): Promise<SqlResultSet> {
    const { ledger, watch } = this.#database
    const connection = this.connection
    ledger.tell('probe', connection.branch, `#${connection.number}`)
    watch.probes(connection)
    const probe: Connection['probe'] = { sent: ledger.now(), within: ledger.issuing, answered: undefined }
    connection.probe = probe
    try {
      await this.#database.answer('probe', this.#database.fateOf('probe'))
      probe.answered = { ok: true, at: ledger.now() }
      connection.answered ??= probe.answered.at
      connection.verified = connection.passed = probe.answered.at
      return NOTHING
    } catch (error) {
      probe.answered = { ok: false, at: ledger.now() }
      throw error
    }
  }

  /** What the library asks of a SQLite database when it opens it: whether it has a file. */
  async #pragma(): Promise<SqlResultSet> {
    const { kind } = this.connection
    await this.#database.answer('pragma', kind === 'memory' ? 'ok' : this.#database.fateOf('pragma'))
    return { ...NOTHING, columnNames: ['seq', 'name', 'file'], rows: [[0, 'main', kind === 'memory' ? '' : '/file']] }
  }

  #starts(id: string): Operation {
    const { ledger, watch } = this.#database
    const operation = this.#database.operation(id)
    if (operation === undefined) throw new Error(`The driver was sent what nobody asked for: ${id}`)
    ledger.tell('starts', id, `on #${this.connection.number}`)
    watch.starts(operation, this.connection)
    operation.sent++
    operation.connection = this.connection
    return operation
  }

  #ends(operation: Operation): void {
    this.connection.inFlight.delete(operation)
    this.connection.unusedSince = this.#database.ledger.now()
    if (operation.kind === 'transaction') this.connection.calmed = this.connection.unusedSince
  }

  /** What an answer tells of the connection. */
  #saw(error: unknown): void {
    const connection = this.connection
    if (connection.kind === 'memory') return
    const now = this.#database.ledger.now()
    if (error === undefined) connection.verified = now
    if (!(error instanceof FakeError) || error.cause !== undefined) {
      connection.heard = now
      connection.answered ??= now
    } else if (connection.answered !== undefined) connection.suspect = now
    else connection.neverAnswered ??= now
  }
}
