import type { RetireReason } from '../../src/pools/events.ts'
import { ageOf, type Connection, isProbing, type Operation } from './ledger.ts'
import { isSuspect } from './oracle/judgement.ts'
import type { World } from './oracle/world.ts'

/** The situations that a full run must have been in: about one that it never reaches, it says nothing. */
export const SITUATIONS = [
  'a busy pool was swapped at max-age',
  'a pool was obsolete when it opened',
  'an idle pool was retired by idleTimeout',
  'a unit of work held a pool at max-age 0',
  'work outlived its unit of work',
  'several callers shared an opening',
  'a connect failed with several callers waiting',
  'a pool that never answered was retired',
  'a probe was shared',
  'a probe failed',
  'a probe hung',
  'work ran on a fresh pool after a failed probe',
  'a suspect pool was probed',
  'an idle pool made room',
  'a busy pool was asked to make room',
  'a caller waited for the place of a closing pool',
  'several branches waited when there was room',
  'a caller gave up',
  'a drain took longer than drainTimeout',
  'a driver was told to close with work on it',
  'a transaction was cut before it had begun',
  'a caller was told to leave',
  'a connection that came too late was closed',
  'an obsolete pool served on for want of room',
  'a unit of work did not wait for the probe of another',
  'a probe outlasted its time while others were at work',
  'a close hung',
  'a close failed',
  'a pool was closed while it opened',
  'a pool was closed while callers waited for its probe',
  'a database in memory outlived its max-age',
] as const

export type Situation = (typeof SITUATIONS)[number]

/** Counts how often each situation occurred. */
export class Coverage {
  readonly counts = Object.fromEntries(SITUATIONS.map((it) => [it, 0])) as Record<Situation, number>

  count(situation: Situation, occurs: boolean): void {
    if (occurs) this.counts[situation]++
  }

  waits({ ledger }: World, { asked, branch, joined }: Operation): void {
    this.count('a probe was shared', asked !== undefined && ledger.waiting(branch).length > 1)
    this.count('several callers shared an opening', joined !== undefined && joined.callers > 1)
    const closing = [...ledger.open].some(({ closed, disposing }) => disposing !== undefined && closed === undefined)
    this.count('a caller waited for the place of a closing pool', joined?.isConnecting === false && closing)
  }

  connects({ line }: World): void {
    this.count('several branches waited when there was room', line.size > 1)
  }

  cannotConnect({ ledger }: World, { branch }: Connection): void {
    this.count('a connect failed with several callers waiting', ledger.waiting(branch).length > 1)
  }

  opened({ ledger, setting: { settings } }: World, connection: Connection): void {
    const obsolete = settings.maxAge > 0 && ageOf(connection, ledger.now()) >= settings.maxAge
    this.count('a pool was obsolete when it opened', obsolete && connection.kind !== 'memory')
  }

  starts({ ledger, setting: { settings } }: World, { asked, unit }: Operation, connection: Connection): void {
    const held = unit !== undefined && !unit.ended && unit.used.has(connection) && connection.inFlight.size === 0
    this.count('a unit of work held a pool at max-age 0', held && settings.maxAge === 0)
    this.count('work outlived its unit of work', unit?.ended !== undefined)
    const obsolete =
      settings.maxAge > 0 && connection.kind !== 'memory' && ageOf(connection, ledger.now()) >= settings.maxAge
    this.count('an obsolete pool served on for want of room', obsolete && connection.opened?.turn !== ledger.turn)
    this.count('a unit of work did not wait for the probe of another', isProbing(connection) && asked === undefined)
    this.count('work ran on a fresh pool after a failed probe', asked?.probe?.answered?.ok === false)
  }

  probes(connection: Connection): void {
    this.count('a suspect pool was probed', isSuspect(connection))
  }

  retired({ ledger, setting }: World, connection: Connection, reason: RetireReason, inFlight: number): void {
    this.count('a busy pool was swapped at max-age', reason === 'max-age' && inFlight > 0)
    this.count('an idle pool made room', reason === 'evicted' && inFlight === 0)
    this.count('a busy pool was asked to make room', reason === 'evicted' && inFlight > 0)
    this.count('an idle pool was retired by idleTimeout', reason === 'idle')
    this.count('a pool that never answered was retired', reason === 'unhealthy' && connection.probe === undefined)
    const outlived = connection.kind === 'memory' && ageOf(connection, ledger.now()) > setting.settings.maxAge
    this.count('a database in memory outlived its max-age', outlived)
  }

  closing({ ledger }: World, connections: readonly Connection[]): void {
    for (const connection of connections) {
      this.count('a pool was closed while it opened', connection.opened === undefined)
      const waiting = isProbing(connection) && ledger.waiting(connection.branch).length > 0
      this.count('a pool was closed while callers waited for its probe', waiting)
    }
  }
}
