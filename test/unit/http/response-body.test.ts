import type { UnderlyingSource } from 'node:stream/web'
import { expect, it } from 'vitest'
import { ResponseBody } from '../../../src/http/response-body.ts'
import type { Unit } from '../../../src/units/current-unit.ts'
import { UnitOfWork } from '../../../src/units/unit-of-work.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** A body that gives its chunks one at each pull, and notes which unit of work each pull ran in. */
function pulled(chunks: Iterable<Uint8Array>, type?: 'bytes') {
  const units: (Unit | undefined)[] = []
  const reasons: unknown[] = []
  const iterator = chunks[Symbol.iterator]()
  const source = {
    type,
    async pull(controller: ReadableStreamDefaultController | ReadableByteStreamController) {
      units.push(UnitOfWork.current())
      // Not at once: otherwise the body would be there before anybody reads it.
      await new Promise((resolve) => setImmediate(resolve))
      const { done, value } = iterator.next()
      if (!done) controller.enqueue(value)
      else controller.close()
    },
    cancel(reason: unknown) {
      units.push(UnitOfWork.current())
      reasons.push(reason)
    },
  }
  const stream = new ReadableStream<Uint8Array>(source as UnderlyingSource<Uint8Array>, { highWaterMark: 0 })
  return { stream, units, reasons }
}

/** The body in a unit of work, as whoever is outside of the unit gets it. */
function produce(stream: ReadableStream<Uint8Array>) {
  let body: ResponseBody | undefined
  let unit: Unit | undefined
  const state = { ends: 0 }
  void new UnitOfWork({}, undefined).run(
    () =>
      new Promise<void>((resolve) => {
        unit = UnitOfWork.current()
        body = new ResponseBody(stream, () => {
          state.ends++
          resolve()
        })
      }),
  )
  if (body === undefined) throw new Error('There is no body')
  return { body, unit, state }
}

const turns = async (count = 20) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

function* endless() {
  for (;;) yield bytes('chunk ')
}

it.each([
  ['a string', 'hello'],
  ['bytes', bytes('hello')],
])('takes a body that is %s as a whole, and ends without a reader', async (_description, init) => {
  const { body, state } = produce(new Response(init).body as ReadableStream<Uint8Array>)
  const whole = await body.atOnce()
  expect(new TextDecoder().decode(whole)).toBe('hello')
  expect(state.ends).toBe(1)
})

it('takes an empty body as a whole', async () => {
  const { body, state } = produce(new Response('').body as ReadableStream<Uint8Array>)
  expect(await body.atOnce()).toEqual(new Uint8Array())
  expect(state.ends).toBe(1)
})

it.each([undefined, 'bytes'] as const)(
  'gives all chunks of a stream of type %s in order, and ends once',
  async (type) => {
    const { stream } = pulled([bytes('one '), bytes('two '), bytes('three')], type)
    const { body, state } = produce(stream)
    expect(await body.atOnce()).toBeUndefined()
    expect(state.ends).toBe(0)
    expect(await new Response(body.stream()).text()).toBe('one two three')
    expect(state.ends).toBe(1)
  },
)

it.each([undefined, 'bytes'] as const)('pulls a stream of type %s in the unit, whoever reads it', async (type) => {
  const { stream, units } = pulled([bytes('one '), bytes('two '), bytes('three')], type)
  // A stream that has just been made pulls for the first time where it was made.
  await turns(1)
  const { body, unit } = produce(stream)
  await body.atOnce()
  await new UnitOfWork({}, undefined).run(() => new Response(body.stream()).text())
  expect(unit).toBeDefined()
  expect(units).toEqual([unit, unit, unit, unit])
})

it('cancels in the unit, with the reason, and ends after that', async () => {
  const { stream, units, reasons } = pulled(endless())
  const { body, unit, state } = produce(stream)
  await body.stream().cancel('enough')
  expect(reasons).toEqual(['enough'])
  expect(units.at(-1)).toBe(unit)
  expect(state.ends).toBeGreaterThan(0)
})

it('ends with an error, which the reader gets after what came before it', async () => {
  function* failing() {
    yield bytes('one')
    throw new Error('broken')
  }
  const { body, state } = produce(pulled(failing()).stream)
  await body.atOnce()
  const reader = body.stream().getReader()
  expect((await reader.read()).value).toEqual(bytes('one'))
  await expect(reader.read()).rejects.toThrow('broken')
  expect(state.ends).toBeGreaterThan(0)
})

it.each([undefined, 'bytes'] as const)(
  'ends after one chunk of a stream of type %s, which nobody reads',
  async (type) => {
    const { body, state } = produce(pulled([bytes('one')], type).stream)
    await body.atOnce()
    const unread = body.stream()
    await turns()
    expect(state.ends).toBe(1)
    expect(await new Response(unread).text()).toBe('one')
  },
)

it.each([undefined, 'bytes'] as const)(
  'keeps back pressure: reads 2 chunks of a stream of type %s ahead',
  async (type) => {
    const { stream, units } = pulled(endless(), type)
    const { body } = produce(stream)
    await body.atOnce()
    const reader = body.stream().getReader()
    await turns()
    expect(units).toHaveLength(2)
    for (let i = 0; i < 5; i++) await reader.read()
    await turns()
    expect(units).toHaveLength(7)
    await reader.cancel()
  },
)

it('fills the buffer of a reader that brings its own, and closes it at the end', async () => {
  const { body, state } = produce(pulled([bytes('hello')], 'bytes').stream)
  await body.atOnce()
  const reader = body.stream().getReader({ mode: 'byob' })
  const first = await reader.read(new Uint8Array(3))
  const second = await reader.read(new Uint8Array(3))
  expect([first.value, second.value].map((value) => new TextDecoder().decode(value))).toEqual(['hel', 'lo'])
  expect(await reader.read(new Uint8Array(3))).toMatchObject({ done: true })
  expect(state.ends).toBe(1)
})

it('closes the buffer of a reader that waits when the end comes', async () => {
  const { body } = produce(pulled([], 'bytes').stream)
  await body.atOnce()
  const reader = body.stream().getReader({ mode: 'byob' })
  expect(await reader.read(new Uint8Array(3))).toMatchObject({ done: true })
})

it('keeps a failure to itself that it read ahead, and nobody reads', async () => {
  function* failing() {
    yield bytes('one')
    throw new Error('broken')
  }
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  const { body, state } = produce(pulled(failing()).stream)
  await body.atOnce()
  body.stream()
  await turns()
  process.off('unhandledRejection', note)
  expect(state.ends).toBe(1)
  expect(unhandled).toEqual([])
})
