import type { EventEmitter } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Unit } from '../units/current-unit.ts'
import { shared } from '../units/shared.ts'
import { UnitOfWork } from '../units/unit-of-work.ts'
import type { AddedHeaders } from './added-headers.ts'
import type { Problem } from './problem.ts'
import { mergeVary } from './vary.ts'

/**
 * Settles when the response is sent, or its client is gone. Until then, and after, listeners of the request and the response
 * run in the current unit of work: without that they would run where the socket does, in none.
 */
export function responseEnd(request: IncomingMessage, response: ServerResponse): Promise<void> {
  bindListeners(request)
  bindListeners(response)
  return new Promise((resolve) => {
    // A client that is gone ends the unit just as an answer does. Errors are the framework's to report.
    // Not stream.finished(), which adds five listeners where ten make Node warn, and waits for ever for an HTTP/2 response
    // whose client is gone already.
    if (response.closed || response.writableFinished) resolve()
    else response.once('finish', resolve).once('close', resolve)
  })
}

/** Adds what the middleware has to say to a response that others make. */
export function addHeaders(response: ServerResponse, { setCookie, vary }: AddedHeaders): void {
  if (setCookie !== undefined) response.appendHeader('Set-Cookie', setCookie)
  if (vary.length > 0) addVary(response, vary)
}

/** Answers a request whose branch is not there. */
export function sendProblem(response: ServerResponse, problem: Problem): void {
  const { body, contentType, status } = problem
  addHeaders(response, problem)
  response.statusCode = status
  response.setHeader('Content-Type', contentType)
  response.end(body)
}

type HeadersToWrite = OutgoingHttpHeaders | readonly unknown[] | undefined

/** At the last moment, since whoever answers may set the header anew. */
function addVary(response: ServerResponse, vary: readonly string[]): void {
  const { writeHead } = response
  const withVary = (status: number, ...rest: unknown[]) => {
    const reason = typeof rest[0] === 'string' ? [rest.shift()] : []
    const headers = writtenVary(response, rest[0] as HeadersToWrite, vary)
    return Reflect.apply(writeHead, response, [status, ...reason, ...headers])
  }
  response.writeHead = withVary as ServerResponse['writeHead']
}

/** The headers that `writeHead` is to be called with, which win over those that are set. */
function writtenVary(response: ServerResponse, headers: HeadersToWrite, vary: readonly string[]): HeadersToWrite[] {
  // In a list, a header may come twice.
  if (Array.isArray(headers) && headers.length > 0) {
    return [Array.isArray(headers[0]) ? [...headers, ['Vary', vary.join(', ')]] : [...headers, 'Vary', vary.join(', ')]]
  }
  const entries = Object.entries(headers ?? {})
  const given = entries.find(([name]) => name.toLowerCase() === 'vary')
  const value = mergeVary(given === undefined ? response.getHeader('Vary') : String(given[1]), vary)
  if (given !== undefined) return [{ ...headers, [given[0]]: value }]
  response.setHeader('Vary', value)
  return headers === undefined ? [] : [headers]
}

/** The unit of work that the listeners of an emitter run in: the innermost, where one middleware is inside another. */
const unitOf = shared('unit-of-emitter/1', () => new WeakMap<EventEmitter, Unit>())

/** Listeners run in the context of whoever emits. */
function bindListeners(emitter: EventEmitter): void {
  const unit = UnitOfWork.current()
  if (unit === undefined) return
  const bound = unitOf.has(emitter)
  unitOf.set(emitter, unit)
  if (bound) return
  const { emit } = emitter
  emitter.emit = (...args) => {
    const emitted = () => emit.apply(emitter, args)
    return (unitOf.get(emitter) as Unit).resume(emitted)
  }
}
