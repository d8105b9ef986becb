import type { Unit } from './current-unit.ts'

/** What remains of a unit of work for what is read after it: that something is run in it. */
export type Context = Pick<Unit, 'resume'>

type Method = (...args: unknown[]) => unknown

/**
 * Runs a method of an object in a unit of work, whoever calls it, and leaves what is no method as it is. Bound twice, the
 * first unit is the innermost.
 *
 * @param after makes what the caller gets of what the method returned
 * @throws {TypeError} if the object cannot be changed
 */
export function bindMethod(
  object: object,
  name: PropertyKey,
  context: Context,
  after: (returned: unknown) => unknown = (returned) => returned,
): void {
  const method = look(object, name)
  if (typeof method !== 'function') return
  replaceMethod(object, name, (...args) => after(context.resume(() => method.apply(object, args))))
}

/** Like a method of a class: what lists or compares an object's own properties does not see it. */
export function replaceMethod(object: object, name: PropertyKey, value: Method): void {
  Object.defineProperty(object, name, { value, configurable: true, writable: true, enumerable: false })
}

export function isMethod(object: unknown, name: PropertyKey): boolean {
  return typeof look(object, name) === 'function'
}

/** What somebody returned may be anything, such as a proxy that throws on what it does not know. */
export function look(object: unknown, name: PropertyKey): unknown {
  try {
    return Reflect.get(Object(object), name)
  } catch {
    return undefined
  }
}
