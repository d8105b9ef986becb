import { AsyncLocalStorage } from 'node:async_hooks'
import { bindMethod, type Context, isMethod, replaceMethod } from './bound-method.ts'

type Listener = (...args: unknown[]) => unknown

/** What the author of a stream implements. */
const IMPLEMENTED = ['_construct', '_read', '_write', '_writev', '_transform', '_flush', '_final', '_destroy']

/**
 * A Node stream of any class: what makes or takes its chunks runs in the unit of work. So do the listeners that it has; those
 * that others add from now on run in the context of whoever adds them, or data that is copied from a branch to another would
 * come back to the first.
 */
export function bindNodeStream(stream: object, context: Context): void {
  for (const name of IMPLEMENTED) bindMethod(stream, name, context)
  // Streams of the old style have no method of these.
  if (!isMethod(stream, '_read')) for (const name of ['read', 'resume']) bindMethod(stream, name, context)
  bindMethod(stream, 'emit', context)
  keepListeners(stream, 'once', 'on')
  keepListeners(stream, 'prependOnceListener', 'prependListener')
  for (const name of ['on', 'addListener', 'prependListener']) keepListeners(stream, name)
  for (const name of ['write', 'end']) keepCallbacks(stream, name)
}

/** @param always the method that adds a listener for more than once, where this one is for once */
function keepListeners(stream: object, name: string, always?: string): void {
  const add: unknown = Reflect.get(stream, always ?? name)
  if (typeof add !== 'function') return
  const remove: unknown = Reflect.get(stream, 'removeListener')
  replaceMethod(stream, name, (event, listener) => {
    if (typeof listener !== 'function') return add.call(stream, event, listener)
    const inContext = AsyncLocalStorage.snapshot()
    const kept: Listener & { listener?: unknown } = (...args) => {
      if (always !== undefined && typeof remove === 'function') remove.call(stream, event, kept)
      return inContext(() => listener.apply(stream, args))
    }
    // By this, Node finds it again: to remove it, and to list it.
    kept.listener = listener
    return add.call(stream, event, kept)
  })
}

function keepCallbacks(stream: object, name: string): void {
  const method: unknown = Reflect.get(stream, name)
  if (typeof method !== 'function') return
  replaceMethod(stream, name, (...args) => {
    const kept = args.map((arg) => (typeof arg === 'function' ? inCurrentContext(arg as Listener) : arg))
    return method.apply(stream, kept)
  })
}

function inCurrentContext(callback: Listener): Listener {
  const inContext = AsyncLocalStorage.snapshot()
  return (...args) => inContext(() => callback(...args))
}
