/**
 * A value that all copies of the package in one process have in common: bundlers, hot reloads and dependency trees make
 * copies of a module, and what only one of them knew would be unknown to the others (rule I6).
 *
 * @param name with the version of what the copies must agree on: those that would not understand each other must not meet
 */
export function shared<T extends object>(name: string, make: () => T): T {
  const key = Symbol.for(`prisma-extension-branches/${name}`)
  const known: T | undefined = Reflect.get(globalThis, key)
  if (known !== undefined) return known
  const made = make()
  Object.defineProperty(globalThis, key, { value: made })
  return made
}
