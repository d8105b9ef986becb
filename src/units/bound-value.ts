import { types } from 'node:util'
import { bindFetchBody, isFetchBody } from './bound-fetch-body.ts'
import { bindIterable } from './bound-iterator.ts'
import { type Context, isMethod, look } from './bound-method.ts'
import { bindNodeStream } from './bound-node-stream.ts'
import { bindWebStream } from './bound-web-stream.ts'

/** Longer arrays are rows, not a handful of streams. */
const A_FEW = 16

/** How many objects are looked at for one result. */
const MOST = 200

/**
 * Lets what a unit of work made, and others read, be made in it however late that is (rule I4): iterators and iterables, Node
 * and web streams, and Fetch's requests and responses, of whatever class; also where they are in what it returned: in
 * properties, the elements of a short array, a Map or a Set. Everything else is left alone. What a getter would give is not
 * seen.
 *
 * @returns the same object, whose methods run in the unit now; where it is frozen, one that stands for it
 */
export function bindValue<T>(value: T, context: Context): T
export function bindValue(value: unknown, context: Context): unknown {
  return bindWithin(value, context, new Set())
}

/** @param seen what was looked at for this result */
function bindWithin(value: unknown, context: Context, seen: Set<object>): unknown {
  if (typeof value !== 'object' || value === null || seen.has(value) || seen.size >= MOST) return value
  seen.add(value)
  if (Array.isArray(value)) return value.length > A_FEW ? value : bindMembers(value, context, seen)
  if (value instanceof Map) {
    for (const [key, member] of value) replace(member, context, seen, (bound) => value.set(key, bound))
    return value
  }
  if (value instanceof Set) {
    for (const member of [...value]) replace(member, context, seen, (bound) => value.delete(member) && value.add(bound))
    return value
  }
  if (isReadLater(value)) return bindOne(value, context)
  // A pair of streams has them behind getters.
  if (isMethod(look(value, 'readable'), 'getReader')) bindOne(look(value, 'readable') as object, context)
  // What stands for something else may do anything when its properties are listed.
  return types.isProxy(value) || ArrayBuffer.isView(value) ? value : bindMembers(value, context, seen)
}

function replace(member: unknown, context: Context, seen: Set<object>, by: (bound: unknown) => unknown): void {
  const bound = bindWithin(member, context, seen)
  if (bound !== member) by(bound)
}

function bindMembers(container: object, context: Context, seen: Set<object>): object {
  const replaced: [name: string, value: unknown][] = []
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(container))) {
    replace(value, context, seen, (bound) => replaced.push([name, bound]))
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
