import { type SqlDriverAdapter, sql } from '../driver/driver-adapter.ts'
import { ProbeTimeoutError } from '../settings/errors.ts'
import type { PoolSettings } from '../settings/settings.ts'
import { type Clock, withTimeout } from './clock.ts'

/** How a probe went. */
export interface ProbeOutcome {
  readonly ok: boolean
  readonly at: Date
  /** Milliseconds. */
  readonly took: number
  readonly error?: unknown
}

/**
 * Asks the database whether it is there. Never rejects: one that hangs has failed after `probeTimeout` (rule H4).
 *
 * @param excused whether it may hang as long again, since it is others that keep it waiting (rule L4)
 */
export async function probe(
  adapter: SqlDriverAdapter,
  settings: PoolSettings,
  clock: Clock,
  excused: () => boolean,
): Promise<ProbeOutcome> {
  const at = new Date(clock.wall())
  const started = clock.monotonic()
  const ask = async () =>
    typeof settings.probe === 'string' ? adapter.queryRaw(sql(settings.probe)) : settings.probe(adapter)
  const late = () => new ProbeTimeoutError(settings.probeTimeout)
  try {
    await withTimeout<unknown>(clock, ask(), settings.probeTimeout, late, excused)
    return { ok: true, at, took: clock.monotonic() - started }
  } catch (error) {
    return { ok: false, at, took: clock.monotonic() - started, error }
  }
}
