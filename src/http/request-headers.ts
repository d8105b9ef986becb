import { describe } from '../settings/describe.ts'
import { InvalidOptionError } from '../settings/errors.ts'

/** Fetch's `Headers`, of whatever class. */
export interface HeadersLike {
  get(name: string): string | null | undefined
}

/** The headers of a request: an object that is asked for them, or Node's record of them. */
export type RequestHeaders = HeadersLike | { readonly [name: string]: string | string[] | undefined }

/** Whether the headers are asked for by `get`: a record may have a header of this name, which is no function. */
export function withGet(headers: RequestHeaders): headers is HeadersLike {
  return typeof headers?.get === 'function'
}

/**
 * @returns `undefined` if there is no such header
 * @throws {InvalidOptionError} if the headers cannot be read: a header that is not seen would make the request main's
 */
export function readHeader(headers: RequestHeaders, name: string): string | undefined {
  if (withGet(headers)) return toText(headers.get(name) ?? headers.get(name.toLowerCase()), name)
  if (!isRecord(headers)) {
    throw new InvalidOptionError(
      'The headers of a request must be an object with a get() method, as Fetch has it, or a plain object, as Node has it, ' +
        `got ${describe(headers)}. Write a branch function that reads them: branch: (request) => …`,
    )
  }
  const lowerCase = name.toLowerCase()
  const value = headers[lowerCase]
  if (value !== undefined) return toText(value, name)
  // Node writes all names in lower case; others keep them as they were sent.
  const spelled = Object.keys(headers).find((key) => key.toLowerCase() === lowerCase)
  return spelled === undefined ? undefined : toText(headers[spelled], name)
}

function toText(value: unknown, name: string): string | undefined {
  if (value === null || value === undefined || typeof value === 'string') return value ?? undefined
  if (Array.isArray(value)) return value.join(', ')
  throw new InvalidOptionError(
    `The header ${JSON.stringify(name)} of a request must be a string, got ${describe(value)}`,
  )
}

function isRecord(headers: unknown): headers is Record<string, unknown> {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false
  const prototype = Reflect.getPrototypeOf(headers)
  return prototype === null || Reflect.getPrototypeOf(prototype) === null
}
