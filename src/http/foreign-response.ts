import { isMethod } from '../units/bound-method.ts'

/** The body of a response of any class, where it can be read as a stream: others have Node's streams, or iterables. */
export function bodyStream({ body }: { readonly body: unknown }): ReadableStream<Uint8Array> | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  if (isMethod(body, 'getReader')) return body as ReadableStream<Uint8Array>
  if (!isMethod(body, Symbol.asyncIterator)) return undefined
  return streamOf((body as AsyncIterable<unknown>)[Symbol.asyncIterator]())
}

/** The same headers, as the platform has them. */
export function copiedHeaders(headers: Headers): Headers {
  const copied = new Headers()
  const cookies = typeof headers.getSetCookie === 'function' ? headers.getSetCookie() : []
  headers.forEach((value, name) => {
    if (cookies.length === 0 || name.toLowerCase() !== 'set-cookie') copied.append(name, value)
  })
  for (const cookie of cookies) copied.append('Set-Cookie', cookie)
  return copied
}

function streamOf(iterator: AsyncIterator<unknown>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(value as Uint8Array)
      },
      async cancel(reason) {
        await iterator.return?.(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
