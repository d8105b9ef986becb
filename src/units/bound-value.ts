import { bindFetchBody, isFetchBody } from './bound-fetch-body.ts'
import { bindIterable } from './bound-iterator.ts'
import { type Context, isMethod } from './bound-method.ts'
import { bindNodeStream } from './bound-node-stream.ts'
import { bindWebStream } from './bound-web-stream.ts'

/** Longer arrays are rows, not a handful of streams. */
const A_FEW = 16

/**
 * Lets what a unit of work made, and others read, be made in it however late that is (rule I4): iterators and iterables, Node
 * and web streams, and Fetch's requests and responses, of whatever class; also where they are properties of a plain object,
 * or among the few elements of an array. Everything else is left alone.
 *
 * @returns the same object, whose methods run in the unit now; where it is frozen, one that stands for it
 */
export function bindValue<T>(value: T, context: Context): T
export function bindValue(value: unknown, context: Context): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.length > A_FEW ? value : bindMembers(value, context)
  return isPlain(value) && !isReadLater(value) ? bindMembers(value, context) : bindOne(value, context)
}

function bindMembers(container: object, context: Context): object {
  const replaced: [name: string, value: unknown][] = []
  for (const name of Object.keys(container)) {
    // Not by reading it, which would call a getter.
    const value: unknown = Reflect.getOwnPropertyDescriptor(container, name)?.value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue
    const bound = bindOne(value, context)
    if (bound !== value) replaced.push([name, bound])
  }
  if (replaced.every(([name, value]) => Reflect.set(container, name, value))) return container
  return Object.assign(Array.isArray(container) ? [...container] : { ...container }, Object.fromEntries(replaced))
}

function bindOne(value: object, context: Context): object {
  if (Object.isExtensible(value)) {
    bind(value, context)
    return value
  }
  if (!isReadLater(value)) return value
  const standIn = standInFor(value)
  bind(standIn, context)
  return standIn
}

function bind(value: object, context: Context): void {
  if (isFetchBody(value)) {
    bindFetchBody(value, context, (clone) => bind(clone, context))
    if (typeof value.body === 'object' && value.body !== null) bind(value.body, context)
  } else if (isMethod(value, 'getReader')) {
    bindWebStream(value as ReadableStream, context)
  } else if (isMethod(value, 'pipe')) {
    bindNodeStream(value, context)
  } else {
    bindIterable(value, context)
  }
}

function isReadLater(value: object): boolean {
  return isFetchBody(value) || isMethod(value, 'getReader') || isMethod(value, 'pipe') || isIterator(value)
}

function isIterator(value: object): boolean {
  return ['next', Symbol.asyncIterator, Symbol.iterator].some((name) => isMethod(value, name))
}

/** An object that can be changed, and does for the rest what the frozen one does. */
function standInFor(frozen: object): object {
  const own: Record<PropertyKey, unknown> = Object.create(null)
  const standIn: object = new Proxy(own, {
    get(_own, name) {
      if (Object.hasOwn(own, name)) return own[name]
      const value: unknown = Reflect.get(frozen, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const returned: unknown = value.apply(frozen, args)
        return returned === frozen ? standIn : returned
      }
    },
    has: (_own, name) => Object.hasOwn(own, name) || Reflect.has(frozen, name),
    getPrototypeOf: () => Reflect.getPrototypeOf(frozen),
  })
  return standIn
}

function isPlain(value: object): boolean {
  const prototype = Reflect.getPrototypeOf(value)
  return prototype === null || Reflect.getPrototypeOf(prototype) === null
}
