import { extend, type PrismaClientLike } from '../catalog/prisma-client.ts'
import { BranchFactoryError } from '../settings/errors.ts'
import type { Member } from './member.ts'
import { isRouted } from './routed-client.ts'
import { RoutedQuery } from './routed-query.ts'
import { Views } from './views.ts'

/**
 * Applies an extension to a member, such that every promise its code gets hold of knows whose it is (rule I7): those of
 * the client that an extension given as a function is called with, of `this` in its methods, and of `query(args)` in its
 * hooks. A promise that a method returns all the same without that was made by a client that is none of ours.
 *
 * @throws {TypeError} if an extension given as a function returns no client
 */
export function applyExtension(extension: unknown, member: Member, views: Views): PrismaClientLike {
  if (typeof extension === 'function') {
    const given = views.of(member.client, member)
    return extend(member.client, () => ownClient(Views.unwrap(extension(given)), member))
  }
  if (typeof extension !== 'object' || extension === null) return extend(member.client, extension)
  const { query, model, client } = extension as Record<string, unknown>
  const bound = (method: Callable) => withView(method, member, views)
  return extend(member.client, {
    ...extension,
    ...(query === undefined ? {} : { query: eachFunction(query, (hook) => withMaker(hook, member)) }),
    ...(model === undefined ? {} : { model: eachFunction(model, bound) }),
    ...(client === undefined ? {} : { client: eachFunction(client, bound, CLIENT) }),
  })
}

/** By client that an extension returned, the branch's client that it was called with. */
const basesOf = new WeakMap<object, PrismaClientLike>()

/**
 * An extension given as a function is called once for each client, and may return another than it was called with: one that
 * it keeps, or takes from around it, serves another branch. Of whose make a client is, Prisma says in a field of its own
 * alone; where there is none, one that comes again is found out.
 *
 * @throws {BranchFactoryError} unless the client is the member's
 */
function ownClient(returned: unknown, { client, owner }: Member): unknown {
  if (typeof returned !== 'object' || returned === null) return returned
  const known = basesOf.get(returned) ?? owner.base
  basesOf.set(returned, known)
  const [original, own] = [originalOf(returned), originalOf(client)]
  const isOwn = original === undefined || own === undefined || original === own
  if (known === owner.base && isOwn && !isRouted(returned)) return returned
  throw new BranchFactoryError(
    'An extension given as a function returned a client of another branch. It is called once for each branch, and must ' +
      'extend the client that it is given: (client) => client.$extends({ … })',
  )
}

function originalOf(client: object): unknown {
  return (client as { _originalClient?: unknown })._originalClient
}

type Callable = (...args: unknown[]) => unknown

interface HookParameters {
  query(...args: unknown[]): unknown
}

/** A hook whose `query(args)` knows that it is of `member`. */
function withMaker(hook: Callable, member: Member): Callable {
  return new Proxy(hook, {
    apply(target, self, [parameters, ...rest]: [HookParameters, ...unknown[]]) {
      const query = (...args: unknown[]) => RoutedQuery.of(parameters.query(...args), member, 'query')
      return Reflect.apply(target, self, [{ ...parameters, query }, ...rest])
    },
  })
}

/** A method whose `this` is a view. A proxy, since it may be a class, or have properties. */
function withView(method: Callable, member: Member, views: Views): Callable {
  return new Proxy(method, {
    apply(target, self, args) {
      const result: unknown = Reflect.apply(target, views.of(self, member), args)
      return RoutedQuery.of(result, undefined, 'method')
    },
  })
}

/** A component, or that of one model, with each of its functions in another's place. */
function eachFunction(component: unknown, replace: (value: Callable) => Callable, depth = MODELS): unknown {
  if (typeof component === 'function') return replace(component as Callable)
  if (depth === 0 || !isPlain(component)) return component
  const descriptors = Object.getOwnPropertyDescriptors(component)
  for (const descriptor of Object.values(descriptors)) {
    if ('value' in descriptor) descriptor.value = eachFunction(descriptor.value, replace, depth - 1)
  }
  return Object.create(Object.getPrototypeOf(component), descriptors)
}

/** How deep the functions of a component are: beside each other, or by model. What is deeper is the application's own. */
const CLIENT = 1
const MODELS = 2

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
