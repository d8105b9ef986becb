import type { Opening } from '../../../src/pools/opening.ts'
import { type Connection, isLive, type Operation, since, takesPlace, type Unit } from '../ledger.ts'
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

/** A transaction is open on it, or about to be. */
export const hasTransaction = ({ inFlight }: Connection) =>
  [...inFlight].some((work) => 'kind' in work && work.kind === 'transaction')

/** Whether it was verified within the probe interval, by either clock. */
export const isVerified = ({ ledger, setting: { settings } }: World, { verified }: Connection) =>
  verified !== undefined && since(verified, ledger.now()) < settings.probeInterval

/** For how long no answer of work has come back, or since the probe was sent if that is later: by either clock (L7). */
export const silence = ({ ledger }: World, { heard, probe }: Connection): number => {
  const moments = [heard, probe?.sent].filter((moment) => moment !== undefined)
  const [latest] = moments.sort((a, b) => b.order - a.order)
  return latest === undefined ? Infinity : since(latest, ledger.now())
}

/** The first of its unit on this connection, as far as can be told from outside. */
export const isFirstUse = ({ ledger }: World, { unit, id }: Operation, connection: Connection) =>
  unit === undefined ||
  (unit.ended !== undefined && unit.ended.turn < ledger.turn) ||
  (!unit.used.has(connection) && ![...ledger.pending].some((other) => other.unit === unit && other.id !== id))

/** A unit has used a connection, or its statement waited for it to open and is on its way there. */
export const hasGot = ({ ledger }: World, unit: Unit, connection: Connection): boolean =>
  unit.used.has(connection) ||
  [...ledger.pending].some((it) => it.unit === unit && it.joined !== undefined && it.joined === connection.opening)

/** Open, with nothing in flight and nobody who waits for it: all that before this turn. A unit that has used it is no reason (L2). */
export const isIdle = ({ ledger }: World, connection: Connection) =>
  isLive(connection) &&
  connection.kind !== 'memory' &&
  connection.inFlight.size === 0 &&
  connection.unusedSince.turn < ledger.turn &&
  ledger.waiting(connection.branch).length === 0

/** Whether one more pool would have a place: a free one that nobody waits for, or that of an idle pool. */
export const hasRoom = (world: World): boolean => {
  const { ledger, pools, setting } = world
  if (pools.openings.some(({ isConnecting }) => !isConnecting)) return false
  const { maxClients } = setting.settings
  return placesTaken(world) < maxClients || [...ledger.open].some((it) => isIdle(world, it))
}

/** Under the cap. One that waits for the last pool of its file to close has its place already. */
export const placesTaken = ({ ledger, pools }: World): number => {
  const waitsForFile = (opening: Opening) => ![...ledger.open].some((connection) => connection.opening === opening)
  const reserved = pools.openings.filter((opening) => opening.isConnecting && waitsForFile(opening)).length
  return [...ledger.open].filter(takesPlace).length + reserved
}
