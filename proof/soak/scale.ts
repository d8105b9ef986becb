import { BRANCHES as ALL } from '../../demo/scale.ts'

export const BRANCHES: readonly string[] = ALL.slice(0, 50)

/** How long it runs, at least. */
export const SECONDS = secondsFrom(process.env.SOAK_SECONDS ?? '300')

/**
 * Pools that are closed until heap and caches have found their size, and after that, until enough is known of the heap. A
 * slow machine takes longer than {@link SECONDS} for them, but no more than so many times as long.
 */
export const WARM_UP_POOLS = 500
export const MEASURED_POOLS = 1_000
export const LONGEST = 10

/** Operations under way at any moment: more than there are clients, so that branches wait for each other. */
export const WORKERS = 16

/** The cap of the extension, connections of one client at most, and so what the extension may hold at most. */
export const MAX_CLIENTS = 10
export const POOL_SIZE = 4
export const CONNECTION_BOUND = MAX_CLIENTS * POOL_SIZE

/** Milliseconds. */
export const MAX_AGE = 1_000

/** Milliseconds for whatever takes its time, so that no slow machine is a reason to fail: this only ends what hangs. */
export const PATIENCE = 60_000

/** Seconds from the end of one fault to the next. */
export const FAULT_EVERY = 17

/**
 * Seconds of traffic between two silences, and of a silence, at least: it goes on until every connection is closed, which
 * is some time after the last pool has come to its max-age, or until it is clear that one never will be.
 */
export const SILENCE_EVERY = 26
export const SILENCE = 4
export const LONGEST_SILENCE = 60

/** Seconds between two measurements of the heap, each of which collects garbage first. */
export const HEAP_EVERY = 5

/**
 * Of heap in use, measured in the silences after the warm-up, when nothing is under way that would blur it: for each pool
 * that is closed. One that is kept has 10 KB. A warm process goes on finding its size for some minutes.
 */
export const ALLOWED_BYTES_PER_POOL = 2_500

function secondsFrom(text: string): number {
  const seconds = Number(text)
  if (Number.isInteger(seconds) && seconds >= 120) return seconds
  throw new Error(`SOAK_SECONDS must be a whole number of 120 or more, got ${JSON.stringify(text)}`)
}
