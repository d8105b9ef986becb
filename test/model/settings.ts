import fc from 'fast-check'
import type { CapSettings, PoolSettings } from '../../src/settings/settings.ts'

/** `server` may be lost and refuse; `memory` is a database that is gone with its pool (rule D4). */
export type Kind = 'server' | 'file' | 'memory'

/** What a run takes place in. */
export interface Setting {
  readonly settings: PoolSettings & CapSettings
  readonly branches: readonly Kind[]
  /** Whether the end of the run lets time pass until pools end by themselves, before it closes them. */
  readonly patient: boolean
}

/** Few values, close to each other, so that deadlines meet. No jitter: the oracle knows when a pool is obsolete. */
export const anySetting: fc.Arbitrary<Setting> = fc.record({
  settings: fc.record({
    maxAge: fc.constantFrom(100, Infinity, 0, 0, 40, 250),
    maxAgeJitter: fc.constant(0),
    idleTimeout: fc.constantFrom(Infinity, Infinity, 30, 80),
    healthChecks: fc.boolean(),
    probe: fc.constant('SELECT 1'),
    probeInterval: fc.constantFrom(20, 0, 0, 100),
    probeTimeout: fc.constantFrom(50, 10),
    closeTimeout: fc.constantFrom(50, 10),
    drainTimeout: fc.constantFrom(150, 30, 0, Infinity),
    maxClients: fc.constantFrom(1, 2, 2, 3, 3, 4, Infinity),
    acquireTimeout: fc.constantFrom(100, 400, 20, 0, Infinity),
  }),
  branches: fc.array(fc.constantFrom<Kind>('server', 'server', 'server', 'server', 'file', 'memory'), {
    minLength: 2,
    maxLength: 5,
    size: 'max',
  }),
  patient: fc.boolean(),
})
