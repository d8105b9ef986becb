import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestOptions } from './branch-choice.ts'
import { callNext } from './call-next.ts'
import { addHeaders, responseEnd, sendProblem } from './node-response.ts'
import { type BranchedClient, RequestUnits } from './request-units.ts'

/** A middleware of `node:http`'s own requests, as Express, Connect and NestJS use them. */
export type NodeMiddleware<Request> = (
  request: Request,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** Makes a unit of work of each request, until its response is sent or its client is gone. */
export function nodeMiddleware<Request extends IncomingMessage>(
  client: BranchedClient,
  options: RequestOptions<Request>,
): NodeMiddleware<Request> {
  const units = new RequestUnits(client, options)
  return (request, response, next) => {
    units
      .run(request, async (entered) => {
        const ended = responseEnd(request, response)
        addHeaders(response, entered)
        callNext(next)
        await ended
      })
      .then((problem) => problem && sendProblem(response, problem))
      .catch((error: unknown) => callNext(() => next(error)))
  }
}
