import type { RetireReason } from '../../../src/pools/events.ts'
import type { Coverage } from '../coverage.ts'
import { type Connection, isForgotten, isProbing, type Moment, type Operation, takesPlace } from '../ledger.ts'
import * as invariants from './invariants.ts'
import { hasRoom } from './judgement.ts'
import type { World } from './world.ts'

/** Is told what happens as it happens: holds it against the invariants, and counts the situations. */
export class Watch {
  readonly #world: World
  readonly #coverage: Coverage

  constructor(world: World, coverage: Coverage) {
    this.#world = world
    this.#coverage = coverage
  }

  /** An operation is called. */
  issuing(operation: Operation): void {
    operation.foundRoom = hasRoom(this.#world)
  }

  /** The call of an operation has come back, with its promise. */
  issued(operation: Operation): void {
    const { ledger } = this.#world
    const { branch } = operation
    if (operation.sent > 0 || operation.outcome !== undefined) return
    operation.asked = ledger.of(branch).find(isProbing)
    if (operation.asked === undefined) operation.joined = this.openingOf(branch)
    this.#coverage.waits(this.#world, operation)
  }

  connects(connection: Connection): void {
    connection.opening = this.openingOf(connection.branch)
    this.#hold(invariants.whenConnecting, connection)
    this.#coverage.connects(this.#world)
  }

  cannotConnect(connection: Connection): void {
    this.#coverage.cannotConnect(this.#world, connection)
  }

  starts(operation: Operation, connection: Connection): void {
    this.#hold(invariants.whenWorkStarts, connection, operation)
    this.sends(connection)
    this.#coverage.starts(this.#world, operation, connection)
    if (operation.joined !== undefined && operation.joined === connection.opening) connection.served = operation
    operation.unit?.used.add(connection)
    this.#uses(connection, operation)
  }

  /** A statement of a transaction that has begun. */
  continues(connection: Connection, began: Moment): void {
    this.#hold(invariants.whenContinuing, connection, began)
  }

  sends(connection: Connection): void {
    this.#hold(invariants.whenSent, connection)
  }

  probes(connection: Connection): void {
    this.#hold(invariants.whenProbing, connection)
    this.sends(connection)
    this.#coverage.probes(connection)
  }

  retires(connection: Connection, reason: RetireReason): void {
    this.#hold(invariants.whenRetired, connection, reason)
  }

  /** A call that closes has come back. */
  closed(called: Moment): void {
    this.#hold(invariants.whenCloseIsOver, called)
  }

  /** What is open on it is cut. */
  cuts(connection: Connection): void {
    this.#hold(invariants.whenCut, connection)
    const unbegun = (work: object) =>
      'kind' in work && work.kind === 'transaction' && 'outcome' in work && !work.outcome
    this.#coverage.count('a transaction was cut before it had begun', [...connection.inFlight].some(unbegun))
  }

  disposes(connection: Connection): void {
    this.#hold(invariants.whenDisposing, connection)
    const works = connection.inFlight.size > 0
    this.#coverage.count('a driver was told to close with work on it', works)
    this.#coverage.count('a connection that came too late was closed', isForgotten(connection))
  }

  closes(connection: Connection): void {
    this.#hold(invariants.whenClosed, connection)
  }

  /** Somebody closes these. */
  closing(connections: readonly Connection[]): void {
    this.#coverage.closing(this.#world, connections)
  }

  settles(operation: Operation): void {
    const { branch, kind, outcome, unit } = operation
    this.#hold(invariants.whenSettled, operation)
    this.#coverage.count('a caller gave up', outcome === 'gave up')
    this.#coverage.count('a caller was told to leave', outcome === 'told to leave')
    // A client that connects uses a pool without sending anything.
    const connection = this.#world.ledger.live(branch)
    if (kind !== 'client' || outcome !== 'ok' || connection === undefined) return
    connection.unusedSince = this.#world.ledger.now()
    this.#uses(connection, operation)
    unit?.used.add(connection)
  }

  /** Who waits for a pool's probe uses it already. */
  #uses(connection: Connection, { asked, issued }: Operation): void {
    connection.used = asked === connection ? issued : this.#world.ledger.now()
  }

  rests(): void {
    for (const connection of this.#world.ledger.open) {
      if (takesPlace(connection)) this.#hold(invariants.atRest, connection)
    }
    this.#hold(invariants.allAtRest)
  }

  ends(): void {
    this.#hold(invariants.atTheEnd)
  }

  openingOf(branch: string) {
    return this.#world.pools.openings.find(({ datasource }) => datasource.key === branch)
  }

  #hold<T extends unknown[]>(kind: invariants.Invariants<T>, ...about: T): void {
    for (const title in kind) {
      if (!kind[title]?.(this.#world, ...about)) this.#world.ledger.blame(title, ...about.map(show))
    }
  }
}

function show(thing: unknown): string {
  if (typeof thing !== 'object' || thing === null) return String(thing)
  if ('number' in thing && 'branch' in thing) return `#${thing.number} of ${thing.branch}`
  return 'id' in thing ? String(thing.id) : ''
}
