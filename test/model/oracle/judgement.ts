import { type Connection, isLive, type Operation } from '../ledger.ts'
import type { World } from './world.ts'

/** Whether max-age is for it. */
export const ages = ({ setting: { settings } }: World, { kind }: Connection) =>
  kind !== 'memory' && settings.maxAge !== 0 && settings.maxAge !== Infinity

/** Lost its connection after it had answered before, and was not probed since. */
export const isSuspect = ({ answered, suspect, passed }: Connection) =>
  answered !== undefined &&
  suspect !== undefined &&
  answered.turn < suspect.turn &&
  !(passed !== undefined && passed.turn >= suspect.turn)

/** Lost its connection at least as lately as it was probed. */
export const mayBeSuspect = ({ neverAnswered, passed, suspect }: Connection) =>
  [neverAnswered, suspect].some((lost) => lost !== undefined && lost.turn >= (passed?.turn ?? 0))

/** Its drain took longer than `drainTimeout`: it counts as closed although the driver still has work on it. */
export const isCut = ({ setting: { settings }, ledger }: World, { retired }: Connection) =>
  retired !== undefined && ledger.now().time - retired.time >= settings.drainTimeout

/** The first of its unit on this connection, as far as can be told from outside. */
export const isFirstUse = ({ ledger }: World, { unit, id }: Operation, connection: Connection) =>
  unit === undefined ||
  (unit.ended !== undefined && unit.ended.turn < ledger.turn) ||
  (!unit.used.has(connection) && ![...ledger.pending].some((other) => other.unit === unit && other.id !== id))

/** Open, with nothing in flight, nobody who waits for it and no unit of work that holds it: all that before this turn. */
export const isIdle = ({ ledger, units }: World, connection: Connection) =>
  isLive(connection) &&
  connection.kind !== 'memory' &&
  connection.inFlight.size === 0 &&
  connection.unusedSince.turn < ledger.turn &&
  ledger.waiting(connection.branch).length === 0 &&
  !units.some(({ ended, used }) => used.has(connection) && (ended === undefined || ended.turn === ledger.turn))
