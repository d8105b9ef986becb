import type { AddedHeaders } from './added-headers.ts'
import { bodyStream, copiedHeaders } from './foreign-response.ts'
import type { Problem } from './problem.ts'
import type { EnteredRequest, RequestUnits } from './request-units.ts'
import { ResponseBody } from './response-body.ts'
import { mergeVary } from './vary.ts'

/** A request that is being answered. */
interface Exchange<R> {
  request: R
  respond: () => Response | Promise<Response>
  /** Makes the answer to a request for a branch that is not there. */
  refuse: (problem: Problem) => Response
}

/**
 * Runs `respond` as the unit of work of a request, which ends when the body of the response is produced, or when the request
 * is aborted.
 */
export function respondInUnit<R extends Request, Rest extends unknown[]>(
  units: RequestUnits<R, Rest>,
  exchange: Exchange<R>,
  ...rest: Rest
): Promise<Response> {
  return new Promise((resolve, reject) => enter(units, { ...exchange, resolve, reject }, rest))
}

interface OpenExchange<R> extends Exchange<R> {
  resolve(response: Response): void
  reject(error: unknown): void
}

function enter<R extends Request, Rest extends unknown[]>(
  units: RequestUnits<R, Rest>,
  exchange: OpenExchange<R>,
  rest: Rest,
): void {
  // Let go of when the response is under way: what waits for its end must not keep alive a body that somebody dropped.
  let open: OpenExchange<R> | undefined = exchange
  const take = () => {
    const taken = open
    open = undefined
    return taken
  }
  const work = (entered: EnteredRequest) => new Promise<void>((end) => answer(take(), entered, end))
  units
    .run(exchange.request, work, ...rest)
    .then((problem) => problem && open?.resolve(withHeaders(open.refuse(problem), problem)))
    .catch((error: unknown) => open?.reject(error))
}

async function answer<R extends Request>(
  exchange: OpenExchange<R> | undefined,
  headers: AddedHeaders,
  ended: () => void,
): Promise<void> {
  if (exchange === undefined) return
  const { request, respond, resolve, reject } = exchange
  const end = onEndOrAbort(request.signal, ended)
  try {
    resolve(await producing(request, withHeaders(await respond(), headers), end))
  } catch (error) {
    end()
    reject(error)
  }
}

/** What is to be called at the end, and calls `ended` then or when the signal is aborted. */
function onEndOrAbort(signal: AbortSignal | undefined, ended: () => void): () => void {
  // Requests of other classes than the platform's do not all have one.
  if (typeof signal?.addEventListener !== 'function') return ended
  const end = () => {
    signal.removeEventListener('abort', end)
    ended()
  }
  if (signal.aborted) ended()
  else signal.addEventListener('abort', end)
  return end
}

/** The same response, whose body is produced in the current unit of work, and calls `end` at its end. */
async function producing(request: Request, response: Response, end: () => void): Promise<Response> {
  const stream = bodyStream(response)
  // A body that is locked is in somebody else's hands.
  if (stream === undefined || stream.locked) {
    end()
    return response
  }
  const { status, statusText } = response
  const headers = copiedHeaders(response.headers)
  const body = new ResponseBody(stream, end)
  const whole = await body.atOnce()
  // Servers give a body that is no stream a Content-Length, which must not be beside these.
  if (whole !== undefined && !headers.has('Transfer-Encoding') && !headers.has('Trailer')) {
    return new Response(whole, { status, statusText, headers })
  }
  if (request.method === 'HEAD') {
    // Nobody will read it, and servers do not all cancel what they do not send.
    body.cancel().catch(() => {})
    return new Response(null, { status, statusText, headers })
  }
  return new Response(body.stream(), { status, statusText, headers })
}

function withHeaders(response: Response, { setCookie, vary }: AddedHeaders): Response {
  if (setCookie === undefined && vary.length === 0) return response
  const add = (headers: Headers) => {
    if (vary.length > 0) headers.set('Vary', mergeVary(headers.get('Vary'), vary))
    if (setCookie !== undefined) headers.append('Set-Cookie', setCookie)
  }
  try {
    add(response.headers)
    return response
  } catch {
    // Those of a redirect, and of an answer from fetch(), cannot be changed.
    const { status, statusText } = response
    const headers = copiedHeaders(response.headers)
    add(headers)
    return new Response(bodyStream(response) ?? null, { status, statusText, headers })
  }
}
