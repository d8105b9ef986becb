import { AsyncResource } from 'node:async_hooks'
import type { Clock } from './clock.ts'

/**
 * The async context that the library's own work runs in: connecting, probing, closing, timers, events. It is the one that
 * was current when this was made, so that what is done on behalf of all runs in nobody's unit of work, and a pool that
 * outlives a request keeps nothing of it alive (rule I9).
 */
export class OwnContext {
  readonly #resource = new AsyncResource('prisma-extension-branches')

  run<T>(work: () => T): T {
    return this.#resource.runInAsyncScope(work)
  }

  /** A clock whose timers belong to this context, whoever sets them. */
  clock(clock: Clock): Clock {
    return {
      monotonic: () => clock.monotonic(),
      wall: () => clock.wall(),
      setTimer: (callback, ms) => this.run(() => clock.setTimer(callback, ms)),
      setDeadline: (callback, ms) => this.run(() => clock.setDeadline(callback, ms)),
      nextTurn: (callback) => this.run(() => clock.nextTurn(callback)),
    }
  }
}
