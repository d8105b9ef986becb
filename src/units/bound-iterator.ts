import { bindMethod, type Context, isMethod } from './bound-method.ts'

/** What they give is there already: nothing is run as they are read. */
const ITERATORS_OF_DATA: ReadonlySet<unknown> = new Set(
  [[], '', new Map(), new Set(), new Uint8Array()].map((data) => data[Symbol.iterator]),
)

/** Iterators and iterables, of either kind, and what is both: the object of a generator. */
export function bindIterable(value: object, context: Context): void {
  if (isMethod(value, 'next')) {
    bindIterator(value, context)
    return
  }
  for (const name of [Symbol.asyncIterator, Symbol.iterator]) {
    if (!isMethod(value, name) || ITERATORS_OF_DATA.has(Reflect.get(value, name))) continue
    bindMethod(value, name, context, (iterator) => bound(iterator, context))
  }
}

export function bindIterator(iterator: object, context: Context): void {
  for (const name of ['next', 'return', 'throw']) bindMethod(iterator, name, context)
  // One that gives itself is bound; another has to be.
  for (const name of [Symbol.asyncIterator, Symbol.iterator]) {
    bindMethod(iterator, name, context, (other) => (other === iterator ? other : bound(other, context)))
  }
}

function bound(iterator: unknown, context: Context): unknown {
  if (typeof iterator === 'object' && iterator !== null) bindIterator(iterator, context)
  return iterator
}
