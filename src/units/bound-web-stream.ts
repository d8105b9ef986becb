import type { ReadableWritablePair, StreamPipeOptions } from 'node:stream/web'
import { bindIterator } from './bound-iterator.ts'
import { bindMethod, type Context, isMethod, replaceMethod } from './bound-method.ts'

/** A web stream of any class: what makes its chunks runs in the unit of work, and whoever reads them stays where he is. */
export function bindWebStream(stream: ReadableStream, context: Context): void {
  const { pipeTo, pipeThrough } = stream
  bindMethod(stream, 'cancel', context)
  bindMethod(stream, 'getReader', context, (reader) => {
    for (const name of ['read', 'cancel']) bindMethod(reader as object, name, context)
    return reader
  })
  bindMethod(stream, 'tee', context, (branches) => {
    for (const branch of branches as ReadableStream[]) bindWebStream(branch, context)
    return branches
  })
  for (const name of ['values', Symbol.asyncIterator]) {
    bindMethod(stream, name, context, (iterator) => {
      bindIterator(iterator as object, context)
      return iterator
    })
  }
  if (!isMethod(stream, 'pipeTo')) return
  // Not run in the unit, in which the sink would write then. A stream that is locked says so in its own words.
  const pipe: ReadableStream['pipeTo'] = async (sink, options) => {
    if (stream.locked || sink.locked) return pipeTo.call(stream, sink, options)
    const reader = stream.getReader()
    try {
      await fromReader(reader, streamClass(stream)).pipeTo(sink, options)
    } finally {
      reader.releaseLock()
    }
  }
  const pipeOn = (pair: ReadableWritablePair, options?: StreamPipeOptions) => {
    if (stream.locked || pair.writable.locked) return pipeThrough.call(stream, pair, options)
    // Its failure is that of the stream that comes out.
    pipe(pair.writable, options).catch(() => {})
    return pair.readable
  }
  replaceMethod(stream, 'pipeTo', pipe as (...args: unknown[]) => unknown)
  replaceMethod(stream, 'pipeThrough', pipeOn as (...args: unknown[]) => unknown)
}

type StreamClass = typeof ReadableStream

function fromReader(reader: ReadableStreamDefaultReader, Stream: StreamClass): ReadableStream {
  return new Stream(
    {
      pull: async (controller) => {
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** The class whose sinks know its streams: the one that `pipeTo` is of. */
function streamClass(stream: ReadableStream): StreamClass {
  let prototype = Reflect.getPrototypeOf(stream)
  while (prototype !== null && !Object.hasOwn(prototype, 'pipeTo')) prototype = Reflect.getPrototypeOf(prototype)
  return (prototype?.constructor ?? ReadableStream) as StreamClass
}
