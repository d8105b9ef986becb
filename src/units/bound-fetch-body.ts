import { bindMethod, type Context, isMethod } from './bound-method.ts'

const READING = ['text', 'json', 'arrayBuffer', 'blob', 'bytes', 'formData']

/** Whether it is a `Request` or a `Response`, of any class. */
export function isFetchBody(value: object): value is { readonly body: unknown; clone(): object } {
  return isMethod(value, 'arrayBuffer') && isMethod(value, 'clone') && 'body' in value
}

/** Reading the body in whole runs in the unit of work. The body itself, a stream, is for whoever calls this to bind. */
export function bindFetchBody(value: object, context: Context, bindClone: (clone: object) => void): void {
  for (const name of READING) bindMethod(value, name, context)
  bindMethod(value, 'clone', context, (clone) => {
    bindClone(clone as object)
    return clone
  })
}
