import { UnitOfWork } from '../units/unit-of-work.ts'

/**
 * Lets a body that is made as it is read be read in the current unit of work: whoever sends it does so from outside. Takes
 * Node's streams, web streams and Fetch responses, and leaves anything else as it is.
 */
export function bindBody(body: unknown): void {
  if (body instanceof Response) bindBody(body.body)
  else if (body instanceof ReadableStream) bindWebStream(body)
  else if (typeof body === 'object' && body !== null && 'pipe' in body) bindMethod(body, 'read')
}

function bindWebStream(stream: ReadableStream): void {
  const unit = UnitOfWork.current()
  const iterate = stream[Symbol.asyncIterator].bind(stream)
  stream[Symbol.asyncIterator] = (...options) => {
    const iterator = iterate(...options)
    unit?.resume(() => bindMethod(iterator, 'next'))
    return iterator
  }
}

/** Runs a method of an object in the current unit of work, whoever calls it. Bound twice, the first unit is the innermost. */
export function bindMethod(object: object, name: string): void {
  const unit = UnitOfWork.current()
  const method: unknown = Reflect.get(object, name)
  if (unit === undefined || typeof method !== 'function') return
  Reflect.set(object, name, (...args: unknown[]) => unit.resume(() => method.apply(object, args)))
}
