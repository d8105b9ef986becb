import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { UnderlyingSource } from 'node:stream/web'
import { describe, expect, it } from 'vitest'
import { UnitOfWork } from '../../../src/units/unit-of-work.ts'

/** Names of units of work: where a piece of code runs is told by the name of its unit. */
const names = new Map<unknown, string>()
const here = () => names.get(UnitOfWork.current()) ?? 'none'

function inUnit<T>(name: string, work: () => T): Promise<Awaited<T>> {
  const unit = new UnitOfWork({}, undefined)
  names.set(unit, name)
  return unit.run(work as () => T | PromiseLike<T>) as Promise<Awaited<T>>
}

async function* visits(times = 3) {
  for (let i = 0; i < times; i++) {
    yield here()
    await Promise.resolve()
  }
}

function* syncVisits(times = 3) {
  for (let i = 0; i < times; i++) yield here()
}

const pulling = (type?: 'bytes', times = 3) => {
  let left = times
  const pull = (controller: ReadableStreamDefaultController) => {
    if (left-- === 0) controller.close()
    else controller.enqueue(new TextEncoder().encode(`${here()} `))
  }
  const source = { type, pull } as UnderlyingSource<Uint8Array>
  return new ReadableStream<Uint8Array>(source, { highWaterMark: 0 })
}

const collect = async (chunks: AsyncIterable<unknown> | Iterable<unknown>) => {
  const seen: string[] = []
  const decoder = new TextDecoder()
  for await (const chunk of chunks)
    seen.push((chunk instanceof Uint8Array ? decoder.decode(chunk) : String(chunk)).trim())
  return seen
}

const A = ['a', 'a', 'a']

describe('I4: what a unit of work returns is made in it, whoever reads it', () => {
  it('an async generator, and what reads it stays where it is', async () => {
    const seen: string[] = []
    const made = await inUnit('a', () => visits())
    await inUnit('b', async () => {
      for await (const name of made) seen.push(`${name} read in ${here()}`)
    })
    expect(seen).toEqual(Array(3).fill('a read in b'))
  })

  it('a generator', async () => {
    expect([...(await inUnit('a', () => syncVisits()))]).toEqual(A)
  })

  it('the same object, which looks as it did', async () => {
    const made = visits()
    const given = await inUnit('a', () => made)
    expect(given).toBe(made)
    expect(Object.keys(given)).toEqual([])
  })

  it.each(['return', 'throw'] as const)('the %s() of a generator', async (how) => {
    const ended: string[] = []
    async function* cleaningUp() {
      try {
        yield 1
      } finally {
        ended.push(here())
      }
    }
    const made = await inUnit('a', () => cleaningUp())
    await made.next()
    await (how === 'return' ? made.return() : made.throw(new Error('Mine')).catch(() => {}))
    expect(ended).toEqual(['a'])
  })

  it('the error of a generator, as it is', async () => {
    async function* failing() {
      yield 1
      throw new Error(here())
    }
    const made = await inUnit('a', () => failing())
    await made.next()
    await expect(made.next()).rejects.toThrow('a')
  })

  it('an iterable of either kind', async () => {
    const later = await inUnit('a', () => ({ [Symbol.asyncIterator]: () => visits() }))
    expect(await collect(later)).toEqual(A)
    class Pages {
      *[Symbol.iterator]() {
        yield* syncVisits()
      }
    }
    expect([...(await inUnit('a', () => new Pages()))]).toEqual(A)
  })

  it('in an array or a plain object, also one that is frozen', async () => {
    const { pages } = await inUnit('a', () => Object.freeze({ pages: visits(), count: 3 }))
    expect(await collect(pages)).toEqual(A)
    const [first, second] = await inUnit('a', () => [visits(), pulling()])
    expect([await collect(first as AsyncIterable<string>), await collect(second as ReadableStream)]).toEqual([A, A])
  })

  it('wherever it is in what the unit returns', async () => {
    class Page {
      readonly inner = { list: [visits()] }
    }
    const given = {
      data: { users: visits() },
      all: [{ one: visits() }],
      map: new Map([['x', visits()]]),
      set: new Set([visits()]),
      page: new Page(),
    }
    const { data, all, map, set, page } = await inUnit('a', () => given)
    const [inSet] = set
    const found = [data.users, all[0]?.one, map.get('x'), inSet, page.inner.list[0]]
    for (const made of found) expect(await collect(made as AsyncIterable<unknown>)).toEqual(A)
  })

  it('a pair of web streams, whose readable half is made as it is read', async () => {
    const readable = pulling()
    const { readable: bound } = await inUnit('a', () =>
      Object.create({
        get readable() {
          return readable
        },
        writable: new WritableStream(),
      }),
    )
    expect(await collect(bound)).toEqual(A)
  })

  it('and ends, however large and entangled the result is', async () => {
    const circle: Record<string, unknown> = {}
    for (let i = 0; i < 1_000; i++) circle[`k${i}`] = { circle, i }
    expect(await inUnit('a', () => circle)).toBe(circle)
  })

  it('nothing of an object that throws on what it does not know', async () => {
    const touchy = new Proxy(
      {},
      {
        get: (_, name) => {
          throw new Error(`no ${String(name)}`)
        },
      },
    )
    const returned = await inUnit('a', () => [touchy])
    expect(returned[0] === touchy).toBe(true)
  })

  it('a generator that is frozen, by one that stands for it', async () => {
    const made = await inUnit('a', () => ({ pages: Object.freeze(visits()) }))
    expect(await collect(made.pages)).toEqual(A)
  })

  it('the innermost, where a unit returns what one inside of it made', async () => {
    const made = await inUnit('b', () => inUnit('a', () => visits()))
    expect(await collect(made)).toEqual(A)
  })

  it('a Node stream, read in every way', async () => {
    const make = () => inUnit('a', () => Readable.from(visits(), { highWaterMark: 1 }))
    expect(await collect(await make())).toEqual(A)
    expect(await (await make()).toArray()).toEqual(A)
    const listened: string[] = []
    const stream = await make()
    stream.on('data', (name) => listened.push(name))
    await once(stream, 'end')
    expect(listened).toEqual(A)
    expect(await collect((await make()).pipe(new PassThrough({ objectMode: true })))).toEqual(A)
  })

  it('what listens to a Node stream, or writes what it reads, stays in a unit of its own', async () => {
    const make = () => inUnit('a', () => Readable.from(visits(), { highWaterMark: 1 }))
    const seen: string[] = []
    await inUnit('b', async () => {
      const note = (name: string) => void seen.push(`${name} in ${here()}`)
      const write = (name: string, _encoding: string, done: () => void) => {
        note(name)
        done()
      }
      const listened = await make()
      listened.on('data', note)
      await once(listened, 'end')
      await pipeline(await make(), new Writable({ objectMode: true, highWaterMark: 1, write }))
    })
    expect(seen).toEqual(Array(6).fill('a in b'))
  })

  it('listeners of a Node stream are called once where asked for once, and can be removed', async () => {
    const stream = await inUnit('a', () => Readable.from([1, 2, 3]))
    const calls: string[] = []
    const removed = () => calls.push('removed')
    stream.once('x', (...args) => calls.push(`once ${args}`))
    stream.on('x', removed).once('x', removed)
    stream.off('x', removed).off('x', removed)
    stream.emit('x', 1, 2)
    stream.emit('x', 3)
    expect(calls).toEqual(['once 1,2'])
    expect(stream.listenerCount('x')).toBe(0)
  })

  it('listeners that a Node stream had before run in the unit', async () => {
    const seen: string[] = []
    const stream = await inUnit('a', () => Readable.from(visits()).on('end', () => seen.push(here())))
    await inUnit('b', () => collect(stream))
    expect(seen).toEqual(['a'])
  })

  it('what a Node stream does with what is written to it', async () => {
    const seen: string[] = []
    const write = (_chunk: unknown, _encoding: string, done: () => void) => {
      seen.push(here())
      done()
    }
    const sink = await inUnit('a', () => new Writable({ objectMode: true, write }))
    await inUnit('b', () => new Promise<void>((resolve) => sink.write('x', () => resolve(void seen.push(here())))))
    expect(seen).toEqual(['a', 'b'])
  })

  it.each([undefined, 'bytes'] as const)('a web stream of type %s, read in every way', async (type) => {
    const make = () => inUnit('a', () => pulling(type))
    expect(await collect(await make())).toEqual(A)
    expect(await collect((await make()).values())).toEqual(A)
    expect((await collect(Readable.fromWeb((await make()) as never))).join(' ')).toBe('a a a')
    expect(await new Response(await make()).text()).toBe('a a a ')
    const reader = (await make()).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('a ')
    const branches = (await make()).tee()
    expect(await Promise.all(branches.map(collect))).toEqual([A, A])
    expect(await collect((await make()).pipeThrough(new TextDecoderStream()))).toEqual(A)
  })

  it('a web stream, read into a buffer of the reader', async () => {
    const stream = await inUnit('a', () => pulling('bytes'))
    const reader = stream.getReader({ mode: 'byob' })
    const { value } = await reader.read(new Uint8Array(10))
    expect(new TextDecoder().decode(value)).toBe('a ')
  })

  it('a web stream, while the sink that it is piped to stays where it is', async () => {
    const stream = await inUnit('a', () => pulling())
    const seen: string[] = []
    const write = (chunk: Uint8Array) => void seen.push(`${new TextDecoder().decode(chunk)}in ${here()}`)
    await inUnit('b', () => stream.pipeTo(new WritableStream({ write })))
    expect(seen).toEqual(Array(3).fill('a in b'))
    expect(stream.locked).toBe(false)
  })

  it('what a web stream does when it is cancelled, or its sink fails', async () => {
    const seen: string[] = []
    const make = () => inUnit('a', () => new ReadableStream({ cancel: () => void seen.push(here()) }))
    await (await make()).cancel()
    const failing = new WritableStream({ start: (controller) => controller.error(new Error('Full')) })
    await expect((await make()).pipeTo(failing)).rejects.toThrow('Full')
    expect(seen).toEqual(['a', 'a'])
  })

  it('refuses to pipe a web stream that is locked, as without a unit', async () => {
    const stream = await inUnit('a', () => pulling())
    stream.getReader()
    await expect(stream.pipeTo(new WritableStream())).rejects.toThrow(TypeError)
    expect(() => stream.pipeThrough(new TextDecoderStream())).toThrow(TypeError)
  })

  it('a Fetch response, its clone, and a request', async () => {
    const make = () => inUnit('a', () => new Response(pulling()))
    expect(await (await make()).text()).toBe('a a a ')
    expect(Buffer.from(await (await make()).arrayBuffer()).toString()).toBe('a a a ')
    expect(await (await (await make()).blob()).text()).toBe('a a a ')
    expect(await collect((await make()).body as ReadableStream)).toEqual(A)
    const response = await make()
    const clone = response.clone()
    expect(await Promise.all([clone.clone().text(), clone.text(), response.text()])).toEqual(Array(3).fill('a a a '))
    const request = new Request('http://localhost', { method: 'POST', body: pulling(), duplex: 'half' } as RequestInit)
    expect(await (await inUnit('a', () => request)).text()).toBe('a a a ')
  })

  it('streams of classes that are not the platform’s', async () => {
    class Reader {
      left = 3
      async read() {
        return this.left-- === 0 ? { done: true } : { done: false, value: here() }
      }
      releaseLock() {}
    }
    class Foreign {
      getReader = () => new Reader()
      tee = () => [new Foreign(), new Foreign()]
    }
    const [first] = (await inUnit('a', () => new Foreign())).tee()
    expect((await first?.getReader().read())?.value).toBe('a')
    const legacy = await inUnit('a', () => ({ pipe: () => {}, read: () => here() }))
    expect(legacy.read()).toBe('a')
  })
})

describe('what a unit of work returns is left alone', () => {
  it.each<[string, () => unknown]>([
    ['rows', () => [{ id: 1, name: 'x', at: new Date(0), blob: new Uint8Array(2), tags: ['a'], meta: { a: 1 } }]],
    ['a map, a set, a buffer', () => [new Map([[1, 2]]), new Set([1]), Buffer.from('x')]],
    ['a long array', () => Array.from({ length: 1_000 }, () => visits())],
    ['nothing', () => undefined],
    [
      'an instance',
      () =>
        new (class Mine {
          x = 1
        })(),
    ],
  ])('%s', async (_what, make) => {
    const made = make()
    const given = await inUnit('a', () => made)
    expect(given).toBe(made)
    const inner = Object.values(given ?? {}).concat(Array.isArray(given) ? Object.values(given[0] ?? {}) : [])
    const symbols = [given, ...inner].filter((x) => typeof x === 'object' && x !== null && !Array.isArray(x))
    expect(symbols.flatMap((x) => Object.getOwnPropertySymbols(x))).toEqual([])
  })

  it('a getter of a plain object is not called', async () => {
    let calls = 0
    await inUnit('a', () => ({
      get expensive() {
        return calls++
      },
    }))
    expect(calls).toBe(0)
  })
})

it('other contexts than ours are the reader’s own', async () => {
  const other = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const stream = await inUnit('a', () => Readable.from(visits()))
  await other.run('mine', async () => {
    stream.on('data', () => seen.push(other.getStore()))
    await once(stream, 'end')
  })
  expect(seen).toEqual(Array(3).fill('mine'))
})
