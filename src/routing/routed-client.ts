import { isModelDelegate, type PrismaClientLike } from '../catalog/prisma-client.ts'
import { followed, isFollowed, isInternal } from './followed.ts'
import { hide } from './hide.ts'
import type { Member, Target } from './member.ts'
import { RoutedQuery } from './routed-query.ts'

/** Where what is done to a routed client goes. */
export interface Route {
  /** A member of the same make as all of this route's, for looking up what they have. */
  readonly reference: Member
  /** What the routed client has in place of the client's. */
  readonly overrides: object
  /** How it prints. */
  readonly label: string
  /** The member that something done now belongs to. Throws where it belongs to none, naming `what` was done. */
  current(what: string): Member
  /** What stands for one of Prisma's own objects that is reached through a member. */
  view(object: unknown, owner: Member): unknown
}

/** A method of what stands behind a proxy. */
interface Method {
  readonly route: Route
  readonly find: Find
  readonly property: string | symbol
  /** How what has it prints. */
  readonly label: string
}

/** From a member to what stands behind a proxy: its client, or one of its client's delegates. */
type Find = (member: Member) => Target

/**
 * Stands for a PrismaClient and passes every call on to the one that is current when the call is made. Delegates, methods
 * and properties that are taken from it and kept do the same (rule B8).
 */
export function routedClient(route: Route): PrismaClientLike {
  return router(route, (member) => member, route.overrides, route.label) as PrismaClientLike
}

/** Stands for one of the objects through which a client reaches a model. */
export function routedDelegate(route: Route, delegate: Target): object {
  return router(route, () => delegate, {}, `${route.label}.${String(delegate.object.$name)}`)
}

/** All that stand for something of Prisma's. */
const routed = new WeakSet<object>()

export function isRouted(value: object): boolean {
  return routed.has(value)
}

function router(route: Route, find: Find, overrides: object, label: string): object {
  // What was looked up by now, so that `prisma.user.findMany` is two look-ups; and what somebody has put in the place of a
  // method, as test spies do. It is the proxy's target, which `inspect` prints: nothing in it may lead to a client,
  // since clients print their configuration with the password in it.
  const properties: Record<string | symbol, unknown> = Object.create(null, Object.getOwnPropertyDescriptors(overrides))
  hide(properties, label)
  /** What somebody has put there, in place of something or not. */
  const assigned = new Set<string | symbol>()

  function get(property: string | symbol): unknown {
    const known = properties[property]
    if (known !== undefined) return known
    const value = find(route.reference).object[property]
    // The fields of a model, and a client's class, are the same on every client, and are compared.
    if (property === 'fields' || property === 'constructor') return value
    if (typeof value === 'function') {
      properties[property] = method({ route, find, property, label }, value)
    } else if (property === '$parent') {
      const member = route.current(nameOf(property))
      return route.view(find(member).object[property], member)
    } else if (isModelDelegate(value)) {
      properties[property] = router(route, (member) => member.delegate(property), {}, `${label}.${String(property)}`)
    } else if (isFollowed(value)) {
      const its = () => find(route.current(nameOf(property))).value(property)
      properties[property] = followed(value, its, isInternal(property) ? nameOf(property) : undefined)
    } else {
      return current(property, value)
    }
    return properties[property]
  }

  function nameOf(property: string | symbol): string {
    return `${label}.${String(property)}`
  }

  /** A plain property that an extension added. Each client has its own. */
  function current(property: string | symbol, value: unknown): unknown {
    if (value !== undefined || has(property)) return find(route.current(nameOf(property))).value(property)
    // What no client of this make has may be asked for anywhere: `then` by whoever awaits, `toJSON` by whoever prints.
    try {
      return find(route.current(nameOf(property))).object[property]
    } catch {
      return undefined
    }
  }

  function has(property: string | symbol): boolean {
    return property in properties || property in find(route.reference).object
  }

  const proxy = new Proxy(properties, {
    get: (_, property) => get(property),
    set(_, property, value) {
      assigned.add(property)
      return Reflect.defineProperty(properties, property, dataProperty(value))
    },
    deleteProperty(_, property) {
      assigned.delete(property)
      return Reflect.deleteProperty(properties, property)
    },
    has: (_, property) => has(property),
    ownKeys: () => {
      const own = Reflect.ownKeys(find(route.reference).object)
      return [...new Set([...own, ...Reflect.ownKeys(overrides), ...assigned])]
    },
    // Prisma's own does nothing any more once it is frozen.
    preventExtensions: () => false,
    getOwnPropertyDescriptor(_, property) {
      if (!has(property)) return undefined
      const inner = Reflect.getOwnPropertyDescriptor(find(route.reference).object, property)
      const enumerable = inner?.enumerable ?? assigned.has(property)
      return { ...dataProperty(get(property)), enumerable }
    },
    getPrototypeOf: () => Reflect.getPrototypeOf(find(route.reference).object),
  })
  routed.add(proxy)
  return proxy
}

function method({ route, find, property, label }: Method, sample: object): object {
  const what = `${label}.${String(property)}()`
  const call = (...args: unknown[]): unknown => {
    let member: Member
    try {
      member = route.current(what)
    } catch (error) {
      return refuse(property, error)
    }
    const target = find(member)
    // On another client of the branch, that is. Not called here: the caller's line in the stack must be the next one.
    const remake = (other: Member) => RoutedQuery.of(callOn(find(other), property, args), other, property, remake)
    return RoutedQuery.of(target.method(property).apply(target.object, args), member, property, remake)
  }
  // Prisma's error messages show the line of the innermost caller whose name does not begin so: the application's.
  Object.defineProperty(call, 'name', { value: `Proxy.${String(property)}` })
  if (!hasProperties(sample)) return call
  // A class, or a function with properties, that an extension added.
  const value = followed(sample, () => find(route.current(what)).method(property))
  return new Proxy(value, { apply: (_, __, args) => call(...args) })
}

function callOn(target: Target, property: string | symbol, args: unknown[]): unknown {
  return target.method(property).apply(target.object, args)
}

/** Prisma's own operations fail as they always do: when they are awaited. What an extension added may not be awaited at all. */
function refuse(property: string | symbol, error: unknown): unknown {
  if (OPERATIONS.test(String(property))) return RoutedQuery.refused(error)
  throw error
}

const OPERATIONS =
  /^(find(Unique|First)(OrThrow)?|findMany|(create|update)(Many(AndReturn)?)?|upsert|delete(Many)?|count|aggregate|groupBy|\$(queryRaw|executeRaw)(Unsafe)?|\$queryRawTyped)$/

/** Whether a function is more than one to call: Prisma's own operations are not. */
function hasProperties(value: object): boolean {
  return Reflect.ownKeys(value).some((key) => key !== 'length' && key !== 'name')
}

function dataProperty(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true }
}
