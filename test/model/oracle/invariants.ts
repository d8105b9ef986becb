import type { RetireReason } from '../../../src/pools/events.ts'
import {
  ageOf,
  type Connection,
  isForgotten,
  isLive,
  isProbing,
  type Moment,
  type Operation,
  since,
  takesPlace,
} from '../ledger.ts'
import {
  ages,
  hasGot,
  hasRoom,
  hasTransaction,
  isFirstUse,
  isIdle,
  isSuspect,
  isVerified,
  mayBeSuspect,
  placesTaken,
  silence,
} from './judgement.ts'
import type { World } from './world.ts'

/**
 * What must hold, whatever happens in whichever order. Judged by what callers, the driver and listeners saw, with ages
 * and deadlines computed anew from the clock: a pool is not asked whether it is obsolete or idle. What comes in one turn
 * of the event loop, the library may take notice of in any order.
 */
export type Invariants<T extends unknown[]> = Record<string, (world: World, ...about: T) => boolean>

export const whenConnecting: Invariants<[Connection]> = {
  'B1: a URL has one live pool, opened once': ({ ledger }, connection) =>
    ledger.of(connection.branch).every((it) => it === connection || it.retired !== undefined || isForgotten(it)),

  'A5: a pool of a SQLite file opens when the one before it is closed': ({ ledger }, connection) =>
    connection.kind === 'server' ||
    ledger.of(connection.branch).every((it) => it === connection || it.failed || it.closed || isForgotten(it)),

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

  'I1: a statement reaches its own branch': (_, { branch }, operation) => operation.branch === branch,

  'A3: no work starts on an obsolete pool, but what waited for it to open': (world, connection, operation) => {
    const now = world.ledger.now()
    if (!ages(world, connection) || ageOf(connection, now) < world.setting.settings.maxAge) return true
    // L3: with a transaction open on it, it serves on where there is no room for its successor.
    const hadTransaction = hasTransaction(connection) || connection.calmed?.turn === now.turn
    if (hadTransaction && (!hasRoom(world) || !operation.foundRoom)) return true
    return connection.opened?.turn === now.turn && operation.issued.order < connection.opened.order
  },

  'A3: no work starts on a retired pool': ({ ledger }, { retired }, operation) =>
    retired === undefined || (retired.turn === ledger.turn && operation.issued.order < retired.order),

  'L7: no work starts on a pool that was unused for idleTimeout, by either clock': (world, connection, operation) => {
    const { ledger, setting } = world
    const { inFlight, kind, unusedSince } = connection
    const now = ledger.now()
    const inUse = inFlight.size > 0 || operation.issued.turn !== now.turn || ledger.waiting(operation.branch).length > 1
    return kind === 'memory' || inUse || since(unusedSince, now) < setting.settings.idleTimeout
  },

  'H4: no work starts on a pool that is being probed, or whose probe failed': (world, connection, operation) => {
    const { opened, passed, probe } = connection
    if (probe === undefined || probe.answered?.ok === true) return true
    // L4: one who has verified the pool, as use does, need not wait for the probe of others.
    const mine = operation.unit !== undefined && !operation.unit.ended && hasGot(world, operation.unit, connection)
    const suspectBefore = isSuspect(connection) && connection.suspect?.turn !== world.ledger.turn
    if (probe.answered === undefined && !suspectBefore && (mine || isVerified(world, connection))) return true
    // It had got its pool before the probe was sent, in this turn, and was on its way to the driver.
    const got = [operation.issued, opened, passed].some((moment) => moment?.turn === world.ledger.turn)
    return got && operation !== probe.within && operation.issued.order < probe.sent.order
  },

  'H7: a suspect pool is probed before its next use': ({ ledger }, connection) =>
    !isSuspect(connection) || connection.suspect?.turn === ledger.turn,

  'H2: a reused pool is probed before the first statement of a unit': (world, connection, operation) => {
    const { healthChecks } = world.setting.settings
    const { verified, kind } = connection
    if (!healthChecks || kind === 'memory' || !isFirstUse(world, operation, connection)) return true
    return verified?.turn === world.ledger.turn || isVerified(world, connection)
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

  'H1, H2: no probe without need': (world, connection) => {
    const due = connection.verified?.turn === world.ledger.turn || !isVerified(world, connection)
    const { healthChecks } = world.setting.settings
    return connection.kind !== 'memory' && (mayBeSuspect(connection) || (healthChecks && due))
  },

  'H2: a unit of work that has used a pool does not probe it again': ({ ledger }, connection) => {
    const unit = ledger.issuing?.unit
    return !unit || unit.ended !== undefined || !unit.used.has(connection) || mayBeSuspect(connection)
  },

  'H8: an obsolete pool is not probed': (world, connection) => {
    const now = world.ledger.now()
    if (!ages(world, connection) || ageOf(connection, now) < world.setting.settings.maxAge) return true
    // L3: with a transaction open on it, it serves on where there is no room for its successor.
    return (hasTransaction(connection) || connection.calmed?.turn === now.turn) && !hasRoom(world)
  },
}

export const whenRetired: Invariants<[Connection, RetireReason]> = {
  'A pool is retired for a reason': (world, connection, reason) => REASONS[reason](world, connection),

  'C1: of idle pools the one used longest ago makes room': (world, connection, reason) => {
    if (reason !== 'evicted' || world.clock.turns > 0 || connection.inFlight.size > 0) return true
    const idle = [...world.ledger.open].filter((it) => isIdle(world, it))
    return idle.every(({ unusedSince }) => unusedSince.turn >= connection.unusedSince.turn)
  },

  'L3: a busy pool makes room only if no transaction is open on it, and no pool is idle': (world, it, reason) => {
    if (reason !== 'evicted' || it.inFlight.size === 0) return true
    return !hasTransaction(it) && ![...world.ledger.open].some((other) => other !== it && isIdle(world, other))
  },

  'L3: a busy pool makes room only for who has waited for a quarter of acquireTimeout': (world, it, reason) => {
    if (reason !== 'evicted' || it.inFlight.size === 0) return true
    const patience = Math.min(world.setting.settings.acquireTimeout / 4, 1_000)
    return world.pools.openings.some(({ age, isConnecting }) => !isConnecting && age >= patience)
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
    inFlight.size === 0 && since(unusedSince, ledger.now()) >= settings.idleTimeout,
  unhealthy: (world, connection) => {
    const { settings } = world.setting
    const { answered, inFlight, neverAnswered, probe, suspect } = connection
    if (probe?.answered?.ok === false || neverAnswered !== undefined) return true
    if (suspect !== undefined && suspect.turn === answered?.turn) return true
    if (probe === undefined || probe.answered !== undefined) return false
    // L4: a probe that waits says nothing while the pool answers others, or has work that takes no longer than it may.
    const silent = silence(world, connection)
    return silent >= settings.probeTimeout && (inFlight.size === 0 || silent >= settings.drainTimeout)
  },
  evicted: ({ ledger, pools }) => {
    const closing = [...ledger.open].filter((it) => takesPlace(it) && it.disposing)
    return closing.length < pools.openings.filter(({ isConnecting }) => !isConnecting).length
  },
  closed: ({ closing }) => closing > 0,
  shutdown: ({ closing }) => closing > 0,
}

export const whenDisposing: Invariants<[Connection]> = {
  'D1: what is in flight finishes, within drainTimeout': (_, connection) =>
    isForgotten(connection) ||
    (connection.retired !== undefined && (connection.inFlight.size === 0 || connection.cut !== undefined)),

  'D2: a pool is closed once': (_, { disposals }) => disposals === 0,
}

export const whenCut: Invariants<[Connection]> = {
  'D1: work is cut when drainTimeout is over since its pool was retired, or since somebody closes it': (world, it) => {
    const now = world.ledger.now().time
    const { drainTimeout } = world.setting.settings
    return now - (it.retired?.time ?? now) >= drainTimeout || now - world.closingSince >= drainTimeout
  },

  'L3: an eviction cuts nothing': ({ closing }, { reason }) => reason !== 'evicted' || closing > 0,
}

export const whenClosed: Invariants<[Connection]> = {
  'L5: a pool counts as closed only when its driver was told to close': (_, { disposing }) => disposing !== undefined,

  'C1: a place is free when the driver has closed, or had its time to': (world, { cut, disposed, disposing }) => {
    if (disposed !== undefined) return true
    const since = Math.min(disposing?.time ?? Infinity, cut?.time ?? Infinity)
    return world.ledger.now().time - since >= world.setting.settings.closeTimeout
  },
}

export const whenCloseIsOver: Invariants<[Moment]> = {
  'L5: a close is over after drainTimeout and closeTimeout': ({ clock, ledger, setting: { settings } }, called) =>
    // A timer that was late is no fault of the library's, which gives the driver as much time again.
    ledger.now().time - called.time <= settings.drainTimeout + settings.closeTimeout + 3 * clock.blocked,
}

/** When nothing happens before an answer of the driver, a timer, the next turn or somebody's call. */
export const atRest: Invariants<[Connection]> = {
  'B1: a URL has one live pool': ({ ledger }, connection) =>
    !isLive(connection) || ledger.of(connection.branch).filter(isLive).length === 1,

  'A4: a pool is retired at max-age': (world, connection) => {
    const { time } = world.ledger.now()
    if (!isLive(connection) || !ages(world, connection) || world.clock.isDue) return true
    // L3: with a transaction open on it, it serves on until somebody needs its successor, and has room for it.
    if (hasTransaction(connection)) return true
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

  'L5: what was cut counts as closed after closeTimeout': ({ clock, ledger, setting }, { closed, cut }) => {
    if (closed !== undefined || cut === undefined || clock.isDue || clock.turns > 0) return true
    return ledger.now().time - Math.max(cut.time, clock.lateAt) < setting.settings.closeTimeout
  },

  'stats() tells what is in flight on a pool': (world, connection) => {
    const told = world.poolOf(connection)?.inFlight ?? 0
    const { size } = connection.inFlight
    return connection.cut !== undefined || told === size || (told > size && isProbing(connection))
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
      if (ledger.of(branch).some(({ cut }) => cut !== undefined)) return true
      return inFlight === open.reduce((sum, it) => sum + it.inFlight.size, ledger.waiting(branch).length)
    })
  },

  'C2: nobody waits while there is room': (world) =>
    world.pools.openings.every(({ isConnecting }) => isConnecting) ||
    placesTaken(world) >= world.setting.settings.maxClients,

  'C1: nobody waits for an idle pool, unless enough others are closing': (world) => {
    const { ledger, clock, pools } = world
    if (clock.isDue || clock.turns > 0) return true
    const waiting = pools.openings.filter(({ isConnecting }) => !isConnecting).length
    const closing = [...ledger.open].filter((it) => takesPlace(it) && it.disposing)
    return waiting <= closing.length || ![...ledger.open].some((it) => isIdle(world, it))
  },

  'C3: a caller that gave up leaves no place taken': ({ pools }) => pools.openings.every(({ callers }) => callers > 0),

  'C2: nobody waits for room longer than acquireTimeout': ({ clock, ledger, pools, setting }) => {
    if (clock.isDue) return true
    const waiting = new Set(pools.openings.filter(({ isConnecting }) => !isConnecting))
    const now = ledger.now().time
    // Without any time to wait, one waits only for a pool that nobody uses to be closed.
    const closing = [...ledger.open].filter((it) => takesPlace(it) && it.disposing)
    if (setting.settings.acquireTimeout === 0) return waiting.size <= closing.length
    return [...ledger.pending].every(
      ({ issued, joined }) => !joined || !waiting.has(joined) || now - issued.time < setting.settings.acquireTimeout,
    )
  },
}

export const whenSettled: Invariants<[Operation]> = {
  'H6: what succeeded was done once, and what gave up was not done': (_, { kind, outcome, sent }) =>
    outcome === 'failed' || sent === (outcome === 'ok' && kind !== 'client' ? 1 : 0),

  'I1: a caller gets what the driver answered, unless that has closed before': (_, operation) => {
    const { answer, connection, kind, outcome, sent } = operation
    if (outcome === 'ok') return kind === 'client' || answer === 'ok' || answer === 'hang'
    if (sent === 0 || kind !== 'statement') return true
    const hasClosed = connection?.disposed !== undefined && connection.cut !== undefined
    return outcome !== 'failed' || hasClosed || answer === 'lost' || answer === 'refused'
  },

  'L5: nobody is told to leave but by a close, after drainTimeout': (world, { outcome }) =>
    outcome !== 'told to leave' || world.ledger.now().time - world.closingSince >= world.setting.settings.drainTimeout,

  'C2: without time to wait, one gives up only if there is no room': ({ setting }, { asked, foundRoom, outcome }) =>
    // Who waited for a probe asked later.
    outcome !== 'gave up' || setting.settings.acquireTimeout > 0 || asked !== undefined || !foundRoom,

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
