/**
 * The methods that an application's own class adds to the PrismaClient it extends, such as NestJS's `onModuleDestroy()`.
 * Prisma calls them with the bare client as `this`, whose `$disconnect()` knows of no branch; they are the application's
 * code, and so get the client that the application gets.
 */
export function classMethods(client: object): Map<string, (...args: unknown[]) => unknown> {
  const methods = new Map<string, (...args: unknown[]) => unknown>()
  // Prisma's clients are proxies that hide their prototype, but not their class.
  let prototype: object | null = client.constructor?.prototype ?? null
  for (; prototype !== null; prototype = Reflect.getPrototypeOf(prototype)) {
    // Prisma's own class: what comes from here on is Prisma's.
    if (Object.hasOwn(prototype, '$transaction')) return methods
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== 'constructor' && typeof value === 'function' && !methods.has(name)) methods.set(name, value)
    }
  }
  return new Map()
}
