import { AsyncResource } from 'node:async_hooks'

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
}
