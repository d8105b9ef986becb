import { PATIENCE } from '../kit/patience.ts'

// Faults happen in real time: what a driver or a probe is given is what ends a connection that hangs. These are all the
// times that a slow machine could exceed, with how much slack each has. Whatever else the tests wait for is an event.

/**
 * A probe has an answer within 2 ms on an idle machine, and a connection within 20 ms, so that they have some 100 times
 * as long as they need. More would only make the faults longer, each of which lasts longer than what is to run out in it.
 */
export const PROBE_TIMEOUT = 1_500
/** Of the driver: for a connection, or for its turn on one. */
export const CONNECT_TIMEOUT = 4_000

/** Longer than a probe, or a driver that connects, takes to give up. */
export const LONGER_THAN_PROBES = 2 * PROBE_TIMEOUT
export const LONGER_THAN_CONNECTING = CONNECT_TIMEOUT + 2_000

/**
 * A transaction takes 100 ms, or a second if it is a long one. Only where everything that drains is lost does it have
 * less time, for its connections to be given up before the fault is over.
 */
export const DRAIN_TIMEOUT = 30_000
export const DRAIN_TIMEOUT_OF_THE_LOST = 2_000

/** How long the event loop is blocked: for longer than a probe may take, after which a probe has as much time again. */
export const BLOCK = 2_000

/** Milliseconds after a fault in which a process may still hear of it. The news are in its sockets already. */
export const NEWS = 300

/** Pieces of work at the same time: a machine that is too slow for the pace gets no more of them. They share 20 connections. */
export const MOST_AT_A_TIME = 60

/** After that, work hangs, and what is expected does not come. */
export const HUNG = PATIENCE / 2
