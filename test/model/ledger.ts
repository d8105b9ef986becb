import type { RetireReason } from '../../src/pools/events.ts'
import type { Opening } from '../../src/pools/opening.ts'
import type { ModelClock } from './model-clock.ts'
import type { Kind } from './settings.ts'

/** When something happened. Time stands still within a turn; what happens in one turn is told apart by its order. */
export interface Moment {
  readonly time: number
  readonly wall: number
  readonly turn: number
  readonly order: number
}

/** How the database takes something: well, with its connection lost, with an error of the statement, or not at all. */
export type Fate = 'ok' | 'lost' | 'refused' | 'hang'

/** A unit of work, and the connections that it has used. */
export interface Unit {
  /** It was told to end; it does so in that turn. */
  ended: Moment | undefined
  readonly used: Set<Connection>
}

/** What a caller asked for: a statement, a transaction, or what a PrismaClient asks when it connects. */
export interface Operation {
  readonly id: string
  readonly kind: 'statement' | 'transaction' | 'client'
  readonly branch: string
  readonly fate: Fate
  readonly unit: Unit | undefined
  readonly issued: Moment
  /** Whether there was room for another pool then. */
  foundRoom: boolean
  /** What it waits for since it was issued: a connection that is being probed, or one to come. */
  asked: Connection | undefined
  joined: Opening | undefined
  /** How often it reached the driver. */
  sent: number
  /** Of what it was sent on. */
  connection: Connection | undefined
  /** The end of its promise. */
  outcome: 'ok' | 'gave up' | 'told to leave' | 'failed' | undefined
  /** What the driver made of it. */
  answer: Fate | undefined
}

/** A probe as the driver sees it. */
export interface Probe {
  readonly sent: Moment
  /** The operation whose call it was sent in. */
  readonly within: Operation | undefined
  answered: { readonly ok: boolean; readonly at: Moment } | undefined
}

/** A driver adapter from its `connect()` on: what a pool is for the driver. */
export interface Connection {
  readonly number: number
  readonly branch: string
  readonly kind: Kind
  readonly started: Moment
  /** The opening that it is for. */
  opening: Opening | undefined
  failed: boolean
  /** As the events tell. */
  opened: Moment | undefined
  retired: Moment | undefined
  reason: RetireReason | undefined
  closed: Moment | undefined
  /** Its drain took longer than `drainTimeout`: what was open then is rolled back. */
  cut: Moment | undefined
  /** Calls of `dispose()`, and when the last one was made and came back. */
  disposals: number
  disposing: Moment | undefined
  disposed: Moment | undefined
  /** Statements and transactions, from when they reached the driver until it answered. */
  readonly inFlight: Set<object>
  /** The last operation on it began, and the last one ended. */
  used: Moment | undefined
  unusedSince: Moment
  /** The last transaction on it ended. */
  calmed: Moment | undefined
  probe: Probe | undefined
  /** The last probe that went well came back. */
  passed: Moment | undefined
  /** Anything but an error of the connection came back: for the first time, and of work for the last. */
  answered: Moment | undefined
  heard: Moment | undefined
  /** An error of the connection came back: the first before anything else did, or the latest after. */
  neverAnswered: Moment | undefined
  suspect: Moment | undefined
  /** Opened, probed, or used with success. */
  verified: Moment | undefined
  /** The last operation that waited for it to open and was served. */
  served: Operation | undefined
}

/** What was seen of the library from outside: by its callers, by the driver, and in its events. */
export class Ledger {
  readonly #clock: ModelClock
  readonly connections: Connection[] = []
  /** Not over yet: the driver has not disposed of it, or the library has not done with it. */
  readonly open = new Set<Connection>()
  readonly operations: Operation[] = []
  readonly pending = new Set<Operation>()
  /** The operation whose call is under way just now. */
  issuing: Operation | undefined
  /** What was found wrong. */
  readonly violations: string[] = []
  /** What happened, in order, for whoever has to understand a failure. */
  readonly story: unknown[][] = []
  turn = 0
  #order = 0

  constructor(clock: ModelClock) {
    this.#clock = clock
  }

  now(): Moment {
    return { time: this.#clock.monotonic(), wall: this.#clock.wall(), turn: this.turn, order: ++this.#order }
  }

  tell(...what: unknown[]): void {
    this.story.push([`${this.#clock.monotonic()} ms`, `turn ${this.turn}`, ...what])
  }

  blame(invariant: string, ...about: unknown[]): void {
    this.violations.push([invariant, ...about].join(' | '))
    this.tell('VIOLATION', invariant, ...about)
  }

  issue(kind: Operation['kind'], branch: string, unit: Unit | undefined, fate: Fate): Operation {
    const id = `op ${this.operations.length + 1}`
    const operation: Operation = {
      id,
      kind,
      branch,
      fate,
      unit,
      issued: this.now(),
      foundRoom: false,
      asked: undefined,
      joined: undefined,
      sent: 0,
      connection: undefined,
      outcome: undefined,
      answer: undefined,
    }
    this.operations.push(operation)
    this.pending.add(operation)
    this.tell('issue', kind, id, branch, fate === 'ok' ? '' : fate, unit === undefined ? '' : 'in a unit')
    return operation
  }

  connect(branch: string, kind: Kind): Connection {
    const started = this.now()
    const connection: Connection = {
      number: this.connections.length + 1,
      branch,
      kind,
      started,
      opening: undefined,
      failed: false,
      opened: undefined,
      retired: undefined,
      reason: undefined,
      closed: undefined,
      cut: undefined,
      disposals: 0,
      disposing: undefined,
      disposed: undefined,
      inFlight: new Set(),
      used: undefined,
      unusedSince: started,
      calmed: undefined,
      probe: undefined,
      passed: undefined,
      answered: undefined,
      heard: undefined,
      neverAnswered: undefined,
      suspect: undefined,
      verified: undefined,
      served: undefined,
    }
    this.connections.push(connection)
    this.open.add(connection)
    return connection
  }

  of(branch: string): Connection[] {
    return [...this.open].filter((connection) => connection.branch === branch)
  }

  live(branch: string): Connection | undefined {
    return this.of(branch).find(isLive)
  }

  /** Operations of a branch that have not reached the driver: they wait for a pool to open or to be probed. */
  waiting(branch: string): Operation[] {
    return [...this.pending].filter((operation) => operation.branch === branch && operation.sent === 0)
  }

  /** Whether a unit of work that has not ended has used it. */
  isHeld(connection: Connection, units: Iterable<Unit>): boolean {
    for (const unit of units) if (!unit.ended && unit.used.has(connection)) return true
    return false
  }
}

export const isLive = ({ opened, retired }: Connection): boolean => opened !== undefined && retired === undefined

/** Whether it takes a place under the cap. */
export const takesPlace = (it: Connection): boolean => !it.failed && it.closed === undefined && !isForgotten(it)

/** Nobody waits for it any more, and nobody will: everybody was told to leave (rule L5). */
export const isForgotten = ({ opened, opening }: Connection): boolean =>
  opened === undefined && opening?.isForgotten === true

export const isProbing = ({ probe }: Connection): boolean => probe !== undefined && probe.answered === undefined

/** Time since then, by whichever clock says more (rules A7, L7). */
export const since = (then: Moment, now: Moment): number => Math.max(now.time - then.time, now.wall - then.wall)

/** Time since connecting started. */
export const ageOf = ({ started }: Connection, now: Moment): number => since(started, now)
