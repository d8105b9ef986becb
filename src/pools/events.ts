import { EventEmitter } from 'node:events'
import { OwnContext } from './own-context.ts'

/** Why a pool was retired. */
export type RetireReason =
  /** It reached its max-age; at max-age 0, its last unit of work ended. */
  | 'max-age'
  /** It was unused for `idleTimeout`. */
  | 'idle'
  /** Its probe failed or hung, or it never answered at all. */
  | 'unhealthy'
  /** Another branch needed its place under `maxClients`. */
  | 'evicted'
  /** `$branches.close(branch)`, or `$disconnect()` of a branch's client. */
  | 'closed'
  /** `$disconnect()` of the extended client. */
  | 'shutdown'

/** Which pool an event or a row of `stats()` is about. */
export interface PoolIdentity {
  /** The name under which the branch was asked for first. */
  branch: string
  /** The datasource URL without user, password or any parameter but `schema`. */
  url: string
}

/** The events of `$branches`, by name. All durations are milliseconds. */
export interface BranchEventMap {
  /** A pool connected. */
  opened: PoolIdentity & { took: number }
  /** A pool was probed. */
  probed: PoolIdentity & { ok: boolean; took: number; error?: unknown }
  /** A pool takes no new work from now on. */
  retired: PoolIdentity & { reason: RetireReason; age: number; inFlight: number }
  /** A retired pool is closed. */
  closed: PoolIdentity & { reason: RetireReason; age: number }
  /** A draining pool had work in flight for longer than `drainTimeout`; it is closed by force. */
  drainTimedOut: PoolIdentity & { inFlight: number; drainTimeout: number }
  /** The driver rejected or hung when it was told to close. The pool counts as closed. */
  closeFailed: PoolIdentity & { error: unknown }
}

export type BranchEvent = keyof BranchEventMap
export type BranchEventListener<E extends BranchEvent> = (event: BranchEventMap[E]) => void

/** Typed events; without a listener, an emit costs one look-up, and the event itself is never made. */
export class BranchEvents {
  readonly #emitter = new EventEmitter()
  readonly #context: OwnContext

  /** @param context where listeners run */
  constructor(context = new OwnContext()) {
    this.#context = context
  }

  on<E extends BranchEvent>(event: E, listener: BranchEventListener<E>): void {
    this.#emitter.on(event, listener)
  }

  off<E extends BranchEvent>(event: E, listener: BranchEventListener<E>): void {
    this.#emitter.off(event, listener)
  }

  emit<E extends BranchEvent>(event: E, describe: () => BranchEventMap[E]): void {
    if (this.#emitter.listenerCount(event) === 0) return
    try {
      this.#context.run(() => this.#emitter.emit(event, describe()))
    } catch (error) {
      // A listener's mistake is the application's to see, as with any EventTarget, but must not stop a clean-up.
      process.nextTick(() => {
        throw error
      })
    }
  }
}
