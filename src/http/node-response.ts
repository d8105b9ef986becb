import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { UnitOfWork } from '../units/unit-of-work.ts'
import type { Problem } from './problem.ts'

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

/** Answers a request whose branch is not there. */
export function sendProblem(response: ServerResponse, { body, contentType, status }: Problem): void {
  response.statusCode = status
  response.setHeader('Content-Type', contentType)
  response.end(body)
}

/** The unit of work that the listeners of an emitter run in: the innermost, where one middleware is inside another. */
const unitOf = new WeakMap<EventEmitter, UnitOfWork>()

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
    return (unitOf.get(emitter) as UnitOfWork).resume(emitted)
  }
}
