import { EventEmitter } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { queryObjects } from 'node:v8'

type Listener = (...args: unknown[]) => void

let listeners = 0

/** How many were put on emitters and not taken off again, since {@link watchListeners}. */
export function listenersLeft(): number {
  return listeners
}

/** From here on each listener is counted, on whichever emitter. */
export function watchListeners(): void {
  const { addListener, removeListener } = EventEmitter.prototype
  function add(this: EventEmitter, event: string | symbol, listener: Listener) {
    listeners++
    return addListener.call(this, event, listener)
  }
  function remove(this: EventEmitter, event: string | symbol, listener: Listener) {
    const before = this.listenerCount(event)
    removeListener.call(this, event, listener)
    listeners -= before - this.listenerCount(event)
    return this
  }
  Object.assign(EventEmitter.prototype, { on: add, addListener: add, off: remove, removeListener: remove })
}

/** Timers of Node, also those that do not keep the process alive. Looks through the whole heap: takes seconds. */
export function timersLeft(): number {
  return Number(queryObjects(Timeout))
}

/** Bytes in use, when everything that can be collected has been. Needs `--expose-gc`. */
export async function heapUsed(): Promise<number> {
  await collect()
  return process.memoryUsage().heapUsed
}

/** What was finalized in one round may have held what can be collected in the next. */
export async function collect(): Promise<void> {
  if (gc === undefined) throw new Error('Run it with node --expose-gc')
  for (let round = 0; round < 2; round++) {
    await nextTurn()
    gc()
  }
}

const Timeout = timeoutClass()

function timeoutClass(): () => void {
  const timeout = setTimeout(() => {}, 0)
  clearTimeout(timeout)
  return timeout.constructor as () => void
}
