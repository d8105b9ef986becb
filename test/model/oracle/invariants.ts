import type { RetireReason } from '../../../src/pools/events.ts'
import type { Opening } from '../../../src/pools/opening.ts'
import { ageOf, type Connection, isLive, isProbing, type Moment, type Operation, takesPlace } from '../ledger.ts'
import { ages, isCut, isFirstUse, isIdle, isSuspect, mayBeSuspect } from './judgement.ts'
import type { World } from './world.ts'

/**
 * What must hold, whatever happens in whichever order. Judged by what callers, the driver and listeners saw, with ages
 * and deadlines computed anew from the clock: a pool is not asked whether it is obsolete or idle. What comes in one turn
 * of the event loop, the library may take notice of in any order.
 */
export type Invariants<T extends unknown[]> = Record<string, (world: World, ...about: T) => boolean>

export const whenConnecting: Invariants<[Connection]> = {
  'B1: a URL has one live pool, opened once': ({ ledger }, connection) =>
    ledger.of(connection.branch).every((other) => other === connection || other.retired !== undefined),

  'A5: a pool of a SQLite file opens when the one before it is closed': ({ ledger }, connection) =>
    connection.kind === 'server' ||
    ledger.of(connection.branch).every((other) => other === connection || other.failed || other.closed !== undefined),

  'C1: never more open pools than maxClients': ({ ledger, setting }) =>
    [...ledger.open].filter(takesPlace).length <= setting.settings.maxClients,

  'C2: room goes to those who wait, in the order they came': ({ line, pools }, { kind, opening }) => {
    // A SQLite database may have had its room long before, and waited for the pool before it to close.
    if (kind !== 'server') return true
    const since = (opening && line.get(opening)) ?? Infinity
    const waiting = pools.openings.filter((other) => !other.isConnecting && other.callers > 0 && other !== opening)
    return waiting.every((other) => (line.get(other) ?? Infinity) >= since)
  },
}

export const whenWorkStarts: Invariants<[Connection, Operation]> = {
  'H6: a statement is sent once': (_, _connection, operation) => operation.sent === 0,

  'A3: no work starts on an obsolete pool, but what waited for it to open': (world, connection, operation) => {
    const now = world.ledger.now()
    if (!ages(world, connection) || ageOf(connection, now) < world.setting.settings.maxAge) return true
    return connection.opened?.turn === now.turn && operation.issued.order < connection.opened.order
  },

  'A3: no work starts on a retired pool': ({ ledger }, { retired }, operation) =>
    retired === undefined || (retired.turn === ledger.turn && operation.issued.order < retired.order),

  'H4: no work starts on a pool that is being probed, or whose probe failed': (world, connection, operation) => {
    const { opened, passed, probe } = connection
    if (probe === undefined || probe.answered?.ok === true) return true
    // It had got its pool before the probe was sent, in this turn, and was on its way to the driver.
    const got = [operation.issued, opened, passed].some((moment) => moment?.turn === world.ledger.turn)
    return got && operation !== probe.within && operation.issued.order < probe.sent.order
  },

  'H7: a suspect pool is probed before its next use': ({ ledger }, connection) =>
    !isSuspect(connection) || connection.suspect?.turn === ledger.turn,

  'H2: a reused pool is probed before the first statement of a unit': (world, connection, operation) => {
    const { healthChecks, probeInterval } = world.setting.settings
    const { verified, kind } = connection
    if (!healthChecks || kind === 'memory' || !isFirstUse(world, operation, connection)) return true
    const now = world.ledger.now()
    return verified?.turn === now.turn || now.time - (verified?.time ?? 0) < probeInterval
  },

  'C2: callers who waited for a pool are served in the order they came': (_, { opening, served }, operation) =>
    operation.joined === undefined ||
    operation.joined !== opening ||
    (served?.issued.order ?? 0) < operation.issued.order,
}

export const whenSent: Invariants<[Connection]> = {
  'D1: nothing is sent on a pool that the driver was told to close': (_, { disposing }) => disposing === undefined,
}

export const whenContinuing: Invariants<[Connection, Moment]> = {
  'D1: a transaction that was open when drainTimeout ran out is cut': (_, { cut }, began) =>
    cut === undefined || began.order > cut.order,
}

export const whenProbing: Invariants<[Connection]> = {
  'H3: one probe at a time': (_, connection) => !isProbing(connection),

  'H1, H2: no probe without need': ({ ledger, setting: { settings } }, connection) => {
    const { turn, time } = connection.verified ?? { turn: 0, time: 0 }
    const due = turn === ledger.turn || ledger.now().time - time >= settings.probeInterval
    return connection.kind !== 'memory' && (mayBeSuspect(connection) || (settings.healthChecks && due))
  },

  'H2: a unit of work that has used a pool does not probe it again': ({ ledger }, connection) => {
    const unit = ledger.issuing?.unit
    return !unit || unit.ended !== undefined || !unit.used.has(connection) || mayBeSuspect(connection)
  },

  'H8: an obsolete pool is not probed': (world, connection) =>
    !ages(world, connection) || ageOf(connection, world.ledger.now()) < world.setting.settings.maxAge,
}

export const whenRetired: Invariants<[Connection, RetireReason]> = {
  'A pool is retired for a reason': (world, connection, reason) => REASONS[reason](world, connection),

  'C1: of idle pools the one used longest ago makes room': (world, connection, reason) => {
    if (reason !== 'evicted' || world.clock.turns > 0 || connection.inFlight.size > 0) return true
    const idle = [...world.ledger.open].filter((it) => isIdle(world, it))
    return idle.every(({ used }) => (used?.turn ?? 0) >= (connection.used?.turn ?? 0))
  },

  'D4: a database in memory is closed by close alone': (_, { kind }, reason) =>
    kind !== 'memory' || reason === 'closed' || reason === 'shutdown',
}

const REASONS: Record<RetireReason, (world: World, connection: Connection) => boolean> = {
  'max-age': ({ ledger, setting: { settings }, units }, connection) =>
    settings.maxAge === 0
      ? // A9: not before the last unit or statement that uses it is over.
        connection.inFlight.size === 0 && !ledger.isHeld(connection, units)
      : ageOf(connection, ledger.now()) >= settings.maxAge,
  idle: ({ ledger, setting: { settings } }, { inFlight, unusedSince }) =>
    inFlight.size === 0 && ledger.now().time - unusedSince.time >= settings.idleTimeout,
  unhealthy: ({ ledger, setting: { settings } }, { answered, neverAnswered, probe, suspect }) =>
    probe?.answered?.ok === false ||
    (probe?.answered === undefined && ledger.now().time - (probe?.sent.time ?? Infinity) >= settings.probeTimeout) ||
    neverAnswered !== undefined ||
    (suspect !== undefined && suspect.turn === answered?.turn),
  evicted: ({ ledger, pools }) => {
    const closing = [...ledger.open].filter((it) => takesPlace(it) && it.disposing)
    return closing.length < pools.openings.filter(({ isConnecting }) => !isConnecting).length
  },
  closed: ({ closing }) => closing > 0,
  shutdown: ({ closing }) => closing > 0,
}

export const whenDisposing: Invariants<[Connection]> = {
  'D1: what is in flight finishes, within drainTimeout': (world, connection) =>
    connection.retired !== undefined && (connection.inFlight.size === 0 || isCut(world, connection)),

  'D2: a pool is closed once': (_, { disposals }) => disposals === 0,
}

export const whenClosed: Invariants<[Connection]> = {
  'C1: a place is free when the driver has closed, or had its time to': (world, connection) => {
    const { disposed, disposing, inFlight } = connection
    const { time } = world.ledger.now()
    if (disposed !== undefined) return true
    if (disposing !== undefined) return time - disposing.time >= world.setting.settings.closeTimeout
    return (inFlight.size > 0 || isProbing(connection)) && isCut(world, connection)
  },
}

/** When nothing happens before an answer of the driver, a timer, the next turn or somebody's call. */
export const atRest: Invariants<[Connection]> = {
  'B1: a URL has one live pool': ({ ledger }, connection) =>
    !isLive(connection) || ledger.of(connection.branch).filter(isLive).length === 1,

  'A4: a pool is retired at max-age': (world, connection) => {
    const { time } = world.ledger.now()
    if (!isLive(connection) || !ages(world, connection) || world.clock.isDue) return true
    // One that took longer than that to connect has a moment to live.
    return time - connection.started.time < world.setting.settings.maxAge || time === connection.opened?.time
  },

  'A pool is retired when unused for idleTimeout': ({ clock, ledger, setting }, connection) => {
    const { branch, inFlight, kind, unusedSince } = connection
    if (!isLive(connection) || kind === 'memory' || clock.isDue) return true
    if (inFlight.size > 0 || ledger.waiting(branch).length > 0) return true
    return ledger.now().time - unusedSince.time < setting.settings.idleTimeout
  },

  'A9: at max-age 0 a pool closes when the last unit or statement that uses it is over': (world, connection) => {
    const { ledger, setting, clock, units } = world
    const { branch, inFlight, kind } = connection
    if (!isLive(connection) || setting.settings.maxAge > 0 || kind === 'memory' || clock.turns > 0) return true
    return inFlight.size > 0 || ledger.waiting(branch).length > 0 || ledger.isHeld(connection, units)
  },

  'H4: a failed probe retires its pool': (_, connection) =>
    connection.probe?.answered?.ok !== false || !isLive(connection),

  'H5: a pool that never answered is not kept': (_, connection) => {
    const { answered, neverAnswered } = connection
    return !isLive(connection) || neverAnswered === undefined || (answered?.turn ?? Infinity) <= neverAnswered.turn
  },

  'A5: a retired pool closes when nothing is in flight on it': (_, connection) =>
    connection.retired === undefined ||
    connection.inFlight.size > 0 ||
    isProbing(connection) ||
    connection.disposing !== undefined,

  'D1: a pool counts as closed when the driver has closed it, or had its time to': ({ clock, ledger, setting }, it) => {
    if (it.closed !== undefined || it.disposing === undefined) return true
    // After a timer that was late the driver is given as much time again.
    const since = Math.max(it.disposing.time, clock.lateAt)
    const late = ledger.now().time - since >= setting.settings.closeTimeout && !clock.isDue && clock.turns === 0
    return it.disposed === undefined && !late
  },

  'stats() tells what is in flight on a pool': (world, connection) => {
    const told = world.poolOf(connection)?.inFlight ?? 0
    const { size } = connection.inFlight
    return isCut(world, connection) || told === size || (told > size && isProbing(connection))
  },
}

/** As {@link atRest}, of all pools together. */
export const allAtRest: Invariants<[]> = {
  'stats() tells of everyone who waits': (world) => {
    const { ledger } = world
    const told = new Map(world.setting.branches.map((_, i) => [`b${i}`, 0]))
    for (const { branch, inFlight } of world.stats()) told.set(branch, (told.get(branch) ?? 0) + inFlight)
    return [...told].every(([branch, inFlight]) => {
      const open = ledger.of(branch).filter(takesPlace)
      if (ledger.of(branch).some((connection) => isCut(world, connection))) return true
      return inFlight === open.reduce((sum, it) => sum + it.inFlight.size, ledger.waiting(branch).length)
    })
  },

  'C2: nobody waits while there is room': ({ ledger, setting, pools }) => {
    // One that waits for the last pool of its file to close has its place already.
    const waitsForFile = (opening: Opening) => ![...ledger.open].some((connection) => connection.opening === opening)
    const reserved = pools.openings.filter((opening) => opening.isConnecting && waitsForFile(opening)).length
    const taken = [...ledger.open].filter(takesPlace).length + reserved
    return pools.openings.every(({ isConnecting }) => isConnecting) || taken >= setting.settings.maxClients
  },

  'C1: nobody waits for an idle pool, unless enough others are closing': (world) => {
    const { ledger, clock, pools } = world
    if (clock.isDue || clock.turns > 0) return true
    const waiting = pools.openings.filter(({ isConnecting }) => !isConnecting).length
    const closing = [...ledger.open].filter((it) => takesPlace(it) && it.retired && it.inFlight.size === 0)
    return waiting <= closing.length || ![...ledger.open].some((it) => isIdle(world, it))
  },

  'C3: a caller that gave up leaves no place taken': ({ pools }) => pools.openings.every(({ callers }) => callers > 0),

  'C2: nobody waits for room longer than acquireTimeout': ({ clock, ledger, pools, setting }) => {
    if (clock.isDue) return true
    const waiting = new Set(pools.openings.filter(({ isConnecting }) => !isConnecting))
    const now = ledger.now().time
    return [...ledger.pending].every(
      ({ issued, joined }) => !joined || !waiting.has(joined) || now - issued.time < setting.settings.acquireTimeout,
    )
  },
}

export const whenSettled: Invariants<[Operation]> = {
  'H6: what succeeded was done once, and what gave up was not done': (_, { kind, outcome, sent }) =>
    outcome === 'failed' || sent === (outcome === 'ok' && kind !== 'client' ? 1 : 0),

  'C2: nobody gives up before acquireTimeout': ({ ledger, setting }, { issued, outcome }) =>
    outcome !== 'gave up' || ledger.now().time - issued.time >= setting.settings.acquireTimeout,
}

/** When everything has ended, time has passed, and all was closed. */
export const atTheEnd: Invariants<[]> = {
  'Every promise that was given out settles': ({ ledger }) => ledger.pending.size === 0,
  'D3: no pool is left, and none on its way': (world) =>
    world.ledger.open.size === 0 && world.stats().length === 0 && world.pools.openings.length === 0,
  'D3: no timer is left': ({ clock }) => clock.timers === 0,
  'D2: each pool that was opened is closed once': ({ ledger }) =>
    ledger.connections.every(({ failed, disposals }) => disposals === (failed ? 0 : 1)),
}
