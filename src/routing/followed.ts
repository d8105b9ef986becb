/**
 * Stands for a value that each client has its own of, such as what an extension added: whatever is done to it, now or when
 * it was kept in a variable, is done to the one that is current at that moment (rule B8).
 *
 * @param sample one of them, for what they have in common
 * @param current the one that is current
 * @param label how it is written as JSON, if its contents are not to be: Prisma's own have the configuration in them
 */
export function followed(sample: object, current: () => unknown, label?: string): object {
  // A proxy can be called and constructed if its target can: so can a class.
  const target = typeof sample === 'function' ? class {} : {}
  const value = () => Object(current()) as object
  return new Proxy(target, {
    get: (_, property) =>
      label !== undefined && property === 'toJSON' ? () => label : followedProperty(value, property, label),
    set: (_, property, assigned) => Reflect.set(value(), property, assigned),
    has: (_, property) => Reflect.has(value(), property),
    deleteProperty: (_, property) => Reflect.deleteProperty(value(), property),
    getPrototypeOf: () => Reflect.getPrototypeOf(value()),
    apply: (_, self, args) => Reflect.apply(value() as () => unknown, self, args),
    construct: (_, args) => Reflect.construct(value() as new () => object, args),
    ownKeys: () => [...new Set([...Reflect.ownKeys(target), ...Reflect.ownKeys(value())])],
    getOwnPropertyDescriptor(_, property) {
      const own = Reflect.getOwnPropertyDescriptor(target, property)
      // What the proxy's own target cannot lose must be told as it is.
      if (own?.configurable === false) return own
      const descriptor = Reflect.getOwnPropertyDescriptor(value(), property)
      if (descriptor === undefined) return undefined
      return {
        value: followedProperty(value, property, label),
        writable: true,
        enumerable: descriptor.enumerable ?? false,
        configurable: true,
      }
    },
  })
}

function followedProperty(owner: () => object, property: string | symbol, label: string | undefined): unknown {
  const object = owner()
  const value: unknown = Reflect.get(object, property, object)
  if (typeof value === 'function') return followedMethod(value, owner, property)
  return isFollowed(value) ? followed(value, () => Reflect.get(owner(), property), label) : value
}

/** Called on the object itself, not on what stands for it: private fields are reached through the former alone. */
function followedMethod(sample: object, owner: () => object, property: string | symbol): object {
  const method = followed(sample, () => Reflect.get(owner(), property))
  return new Proxy(method, {
    apply(_, __, args) {
      const object = owner()
      return Reflect.apply(Reflect.get(object, property) as () => unknown, object, args)
    },
  })
}

/** Data is what it is, wherever it is kept. */
export function isFollowed(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a client's property is one of Prisma's own, which leads to its configuration. */
export function isInternal(property: string | symbol): boolean {
  return property === '$parent' || (typeof property === 'string' && property.startsWith('_'))
}
