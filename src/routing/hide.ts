import { inspect } from 'node:util'

/**
 * How a client, or what it reaches a model through, is printed and written as JSON: by a label. Prisma's clients are full of
 * their configuration, with the password in it, and lead round in circles.
 */
export function hide(object: object, label: string): void {
  for (const name of [inspect.custom, 'toJSON']) {
    Object.defineProperty(object, name, { value: () => label, configurable: true, writable: true })
  }
}
