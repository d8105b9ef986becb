import { inspect } from 'node:util'
import { isModelDelegate, type PrismaClientLike } from '../catalog/prisma-client.ts'
import type { Member, Target } from './client-family.ts'
import { RoutedQuery } from './routed-query.ts'

/** Where what is done to a routed client goes. */
export interface Route {
  /** A member of the same make as all of this route's, for looking up what they have. */
  readonly reference: Member
  /** What the routed client has in place of the client's. */
  readonly overrides: object
  /** How it prints. */
  readonly label: string
  /** The member that something done now belongs to. */
  current(): Member
}

/** From a member to what stands behind a proxy: its client, or one of its client's delegates. */
type Find = (member: Member) => Target

/**
 * Stands for a PrismaClient and passes every call on to the one that is current when the call is made. Delegates and
 * methods that are taken from it and kept do the same (rule B8).
 */
export function routedClient(route: Route): PrismaClientLike {
  return router(route, (member) => member, route.overrides, route.label) as PrismaClientLike
}

function router(route: Route, find: Find, overrides: object, label: string): object {
  // What was looked up by now, so that `prisma.user.findMany` is two look-ups; and what somebody has put in the place of a
  // method, as test spies do. It is the proxy's target, which `inspect` prints: nothing in it may lead to a client,
  // since clients print their configuration with the password in it.
  const properties: Record<string | symbol, unknown> = Object.create(null, Object.getOwnPropertyDescriptors(overrides))
  Object.defineProperty(properties, inspect.custom, { value: () => label, configurable: true, writable: true })

  function get(property: string | symbol): unknown {
    const known = properties[property]
    if (known !== undefined) return known
    const value = find(route.reference).object[property]
    if (typeof value === 'function') {
      properties[property] = method(route, find, property)
    } else if (property !== '$parent' && isModelDelegate(value)) {
      properties[property] = router(route, (member) => member.delegate(property), {}, `${label}.${String(property)}`)
    } else {
      // A plain property that an extension added. Each client has its own.
      return find(route.current()).object[property]
    }
    return properties[property]
  }

  function has(property: string | symbol): boolean {
    return property in properties || property in find(route.reference).object
  }

  return new Proxy(properties, {
    get: (_, property) => get(property),
    set: (_, property, value) => Reflect.defineProperty(properties, property, dataProperty(value)),
    has: (_, property) => has(property),
    ownKeys: () => [...new Set([...Reflect.ownKeys(find(route.reference).object), ...Reflect.ownKeys(overrides)])],
    getOwnPropertyDescriptor(_, property) {
      if (!has(property)) return undefined
      const enumerable = Reflect.getOwnPropertyDescriptor(find(route.reference).object, property)?.enumerable ?? false
      return { ...dataProperty(get(property)), enumerable }
    },
    getPrototypeOf: () => Reflect.getPrototypeOf(find(route.reference).object),
  })
}

function method(route: Route, find: Find, property: string | symbol): (...args: unknown[]) => unknown {
  const call = (...args: unknown[]): unknown => {
    const member = route.current()
    const target = find(member)
    return RoutedQuery.of(target.method(property).apply(target.object, args), member, property)
  }
  // Prisma's error messages show the line of the innermost caller whose name does not begin so: the application's.
  return Object.defineProperty(call, 'name', { value: `Proxy.${String(property)}` })
}

function dataProperty(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true }
}
