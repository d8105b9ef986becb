import type { ReadableStreamReadResult } from 'node:stream/web'
import { UnitOfWork } from '../units/unit-of-work.ts'

type Chunk = ReadableStreamReadResult<Uint8Array>

/** A body that is made of a string or bytes gives all of it within 3 turns of the microtask queue. */
const AT_ONCE = 8

/**
 * The body of a response, which is produced in the current unit of work whoever reads it. Ends the unit with itself: when
 * it is read to its end, fails, is cancelled, or is dropped and taken by the garbage collector.
 */
export class ResponseBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #ofBytes: boolean
  readonly #unit = UnitOfWork.current()
  readonly #end: () => void
  /** Chunks that are read before anybody asks for them, so that an end is seen that nobody reads on to. */
  readonly #ahead: Promise<Chunk>[] = []

  /** @param end called once or more */
  constructor(body: ReadableStream<Uint8Array>, end: () => void) {
    this.#ofBytes = isByteStream(body)
    this.#reader = body.getReader()
    this.#end = end
  }

  /** The whole body, if it is one chunk that is there already: it needs no stream. `undefined` otherwise. */
  async atOnce(): Promise<Uint8Array | undefined> {
    const first = await settledSoon(this.#readAhead())
    if (first === undefined || first.done) return first && new Uint8Array()
    const second = await settledSoon(this.#readAhead())
    return second?.done && ArrayBuffer.isView(first.value) ? first.value : undefined
  }

  /** The body, one chunk of which may wait to be read, and one more is read ahead. */
  stream(): ReadableStream<Uint8Array> {
    const cancel = (reason: unknown) => this.cancel(reason)
    const start = (controller: object) => dropped.register(controller, this)
    if (!this.#ofBytes) {
      const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
        const { done, value } = await this.#next()
        if (done) controller.close()
        else controller.enqueue(value)
      }
      return new ReadableStream({ start, pull, cancel }, { highWaterMark: 1 })
    }
    const pull = async (controller: ReadableByteStreamController) => {
      const { done, value } = await this.#next()
      if (!done) return controller.enqueue(value)
      controller.close()
      // A read into a buffer of the reader's own waits for that buffer.
      controller.byobRequest?.respond(0)
    }
    return new ReadableStream({ type: 'bytes', start, pull, cancel }, { highWaterMark: 1 })
  }

  async cancel(reason?: unknown): Promise<void> {
    try {
      await this.#resume(() => this.#reader.cancel(reason))
    } finally {
      this.#end()
    }
  }

  async #next(): Promise<Chunk> {
    const chunk = await (this.#ahead.shift() ?? this.#read())
    if (!chunk.done && this.#ahead.length === 0) this.#readAhead()
    return chunk
  }

  #readAhead(): Promise<Chunk> {
    const chunk = this.#read()
    this.#ahead.push(chunk)
    // Its failure is for whoever reads it, if anybody does.
    chunk.catch(() => {})
    return chunk
  }

  async #read(): Promise<Chunk> {
    try {
      const { done, value } = await this.#resume(() => this.#reader.read())
      if (!done) return { done, value: toBytes(value) }
      this.#end()
      return { done, value }
    } catch (error) {
      this.#end()
      throw error
    }
  }

  #resume<T>(work: () => T): T {
    return this.#unit === undefined ? work() : this.#unit.resume(work)
  }
}

/** Streams of other classes than the platform's give text as text. */
function toBytes(chunk: unknown): Uint8Array {
  return typeof chunk === 'string' ? new TextEncoder().encode(chunk) : (chunk as Uint8Array)
}

/** The controller lives as long as anybody may read; nothing here refers to it while no read is under way. */
const dropped = new FinalizationRegistry<ResponseBody>((body) => {
  body.cancel(new Error('The body of the response was dropped without being cancelled')).catch(() => {})
})

function isByteStream(body: ReadableStream): boolean {
  // Asking is harmless where the platform's own class answers; with another, giving the reader back may end the stream.
  if (!(body instanceof ReadableStream)) return false
  try {
    body.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}

/** What a promise resolves with, if it settles without waiting for anything but other promises; otherwise `undefined`. */
async function settledSoon<T>(promise: Promise<T>): Promise<T | undefined> {
  let settled: T | undefined
  promise.then(
    (value) => {
      settled = value
    },
    () => {},
  )
  for (let turn = 0; turn < AT_ONCE && settled === undefined; turn++) await undefined
  return settled
}
