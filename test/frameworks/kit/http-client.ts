import { once } from 'node:events'
import { type Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Call {
  method?: string
  headers?: Record<string, string>
  /** Default: a connection for each request. */
  agent?: Agent
}

/** A request whose head goes out at once, and whose body is the caller's to send. */
export function begin(url: string, { method = 'GET', headers = {}, agent }: Call = {}): ClientRequest {
  const call = request(url, { method, headers, agent: agent ?? false })
  call.flushHeaders()
  return call
}

/** Sends the rest of a request, and reads the answer to its end. Rejects if the answer is cut off. */
export async function answer(call: ClientRequest, body?: string): Promise<Answer> {
  const response = await head(call.end(body))
  return { status: response.statusCode ?? 0, headers: response.headers, text: await text(response) }
}

/** The answer as soon as it begins. */
export async function head(call: ClientRequest): Promise<IncomingMessage> {
  const [response]: IncomingMessage[] = await once(call, 'response')
  if (response === undefined) throw new Error('There is no response')
  return response
}

export function get(url: string, call?: Call): Promise<Answer> {
  return answer(begin(url, call))
}
