import { HIDDEN, SECRET_NAME, Secrets } from './secrets.ts'

/** How much of an error is looked at, and how deep. What comes after that is left out of a copy. */
const MOST_OBJECTS = 2_000
const DEEPEST = 24

const NOT_SHOWN = '[not shown]'

/** What an error is known by, and what hiding a secret must never change. */
const IDENTITY: ReadonlySet<string | symbol> = new Set(['code', 'name', 'errno', 'syscall', 'kind', 'clientVersion'])

/**
 * The error itself, or, if it shows a secret, a copy without: of the same class, with its code and its stack, along its
 * chain of causes and in its properties (rule L8). What the original is made of is not changed.
 *
 * @param url whose secrets are hidden, besides whatever looks like the password of any URL
 */
export function redact(error: unknown, url?: string): unknown {
  return redactor(url)(error)
}

/** {@link redact} for many errors of one URL, which is searched for its secrets once. */
export function redactor(url?: string): (error: unknown) => unknown {
  const secrets = new Secrets(url)
  return (error) => new Redaction(secrets).of(error)
}

class Redaction {
  readonly #secrets: Secrets
  readonly #copies = new Map<object, object>()
  readonly #showing = new Map<object, boolean>()

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  of(value: unknown, depth = 0): unknown {
    if (typeof value === 'string') return this.#secrets.hide(value)
    if (typeof value !== 'object' || value === null) return value
    const copied = this.#copies.get(value)
    if (copied !== undefined) return copied
    if (!this.#shows(value)) return value
    return depth > DEEPEST || this.#copies.size >= MOST_OBJECTS ? NOT_SHOWN : this.#copy(value, depth)
  }

  /** Whether a secret is anywhere in an object, as far as it is looked at. */
  #shows(object: object): boolean {
    const known = this.#showing.get(object)
    if (known !== undefined) return known
    const seen = new Set<object>([object])
    let shows = false
    for (const one of seen) {
      shows ||= seen.size > MOST_OBJECTS || this.#showing.get(one) === true || this.#showsItself(one, seen)
      if (shows) break
    }
    this.#showing.set(object, shows)
    if (!shows) for (const one of seen) this.#showing.set(one, false)
    return shows
  }

  /** @param reached is given the objects that are reached from here */
  #showsItself(object: object, reached: Set<object>): boolean {
    if (object instanceof URL) return this.#secrets.hide(object.href) !== object.href
    for (const [name, value] of entriesOf(object)) {
      if (IDENTITY.has(name)) continue
      if (typeof value === 'object' && value !== null) reached.add(value)
      else if (this.#property(name, value) !== value) return true
    }
    return false
  }

  #copy(object: object, depth: number): unknown {
    if (object instanceof URL) return this.#secrets.hide(object.href)
    if (object instanceof Map || object instanceof Set) return this.#copyOfCollection(object, depth)
    const copy = emptyCopy(object)
    this.#copies.set(object, copy)
    for (const name of Reflect.ownKeys(object)) {
      const descriptor = descriptorOf(object, name)
      if (descriptor === undefined || (Array.isArray(object) && name === 'length')) continue
      if ('value' in descriptor) descriptor.value = this.#value(object, name, descriptor.value, depth)
      Reflect.defineProperty(copy, name, { ...descriptor, configurable: true })
    }
    return copy
  }

  #copyOfCollection(collection: Map<unknown, unknown> | Set<unknown>, depth: number): object {
    const copy = collection instanceof Map ? new Map<unknown, unknown>() : new Set<unknown>()
    this.#copies.set(collection, copy)
    const of = (value: unknown) => this.of(value, depth + 1)
    if (copy instanceof Map) for (const [key, value] of collection.entries()) copy.set(of(key), of(value))
    else for (const value of collection.values()) copy.add(of(value))
    return copy
  }

  #value(object: object, name: string | symbol, value: unknown, depth: number): unknown {
    if (IDENTITY.has(name)) return value
    if (typeof value === 'object' && value !== null) return this.of(value, depth + 1)
    if (name === 'stack' && object instanceof Error && typeof value === 'string') return this.#stack(value)
    return this.#property(name, value)
  }

  #property(name: string | symbol, value: unknown): unknown {
    if (typeof value !== 'string' || value === '') return value
    if (typeof name === 'string' && SECRET_NAME.test(name)) return HIDDEN
    // That of a stack is found in its error's message.
    return name === 'stack' ? value : this.#secrets.hide(value)
  }

  /** The frames name files and functions, and nothing that was given: only what is above them is looked at. */
  #stack(stack: string): string {
    const frames = stack.search(/\n\s+at /)
    if (frames === -1) return this.#secrets.hide(stack)
    return this.#secrets.hide(stack.slice(0, frames)) + stack.slice(frames)
  }
}

function entriesOf(object: object): [string | symbol, unknown][] {
  if (object instanceof Map) return [...object].flat().map((value) => ['', value])
  if (object instanceof Set) return [...object].map((value) => ['', value])
  if (ArrayBuffer.isView(object)) return []
  return Reflect.ownKeys(object).flatMap((name) => {
    const descriptor = Reflect.getOwnPropertyDescriptor(object, name)
    return descriptor && 'value' in descriptor ? [[name, descriptor.value] as [string | symbol, unknown]] : []
  })
}

/** From Node 22 on a stack is an accessor that tells where the object it is on was made: a copy has to be given its text. */
function descriptorOf(object: object, name: string | symbol): PropertyDescriptor | undefined {
  if (name !== 'stack' || !(object instanceof Error)) return Reflect.getOwnPropertyDescriptor(object, name)
  return { value: object.stack, writable: true, enumerable: false }
}

/** An object of the same class without properties. An error is made as one, since tools ask whether it is. */
function emptyCopy(object: object): object {
  if (Array.isArray(object)) return []
  const prototype: unknown = Object.getPrototypeOf(object)
  if (!(object instanceof Error)) return Object.create(prototype as object | null)
  const copy = Object.setPrototypeOf(new Error(), prototype as object | null) as Error
  for (const name of Reflect.ownKeys(copy)) Reflect.deleteProperty(copy, name)
  return copy
}
