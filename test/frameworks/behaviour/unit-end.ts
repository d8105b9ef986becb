import { once } from 'node:events'
import { expect, it } from 'vitest'
import { connectionsSettle } from '../../postgres/kit.ts'
import type { StartApplication } from '../kit/application.ts'
import { begin, get, head } from '../kit/http-client.ts'
import { eventually, nothingLeft, serve } from '../kit/served.ts'

const ON_A = { headers: { 'X-Branch': 'a' } }

export function endsItsUnits(start: StartApplication): void {
  it('not before it is sent: one pool serves a whole stream at max-age 0', async () => {
    const served = await serve(start, ['a'])
    const response = await head(begin(`${served.origin}/stream?lines=5`, ON_A).end())
    let lines = 0
    for await (const chunk of response) {
      lines += String(chunk).split('\n').length - 1
      if (lines < 3)
        expect([served.units, served.pools]).toEqual([
          { begun: 1, ended: 0 },
          { opened: 1, closed: 0 },
        ])
    }
    expect(lines).toBe(5)
    await nothingLeft(served)
    expect([served.units, served.pools]).toEqual([
      { begun: 1, ended: 1 },
      { opened: 1, closed: 1 },
    ])
  })

  it('when a client is gone before the answer; what the handler still does is on its own', async () => {
    const served = await serve(start, ['a'])
    // The branch's client connects once on its own; after that, a statement opens one pool.
    await get(`${served.origin}/whose`, ON_A)
    await nothingLeft(served)
    served.slow.shut()
    const call = begin(`${served.origin}/slow`, ON_A).end()
    call.on('error', () => {})
    await eventually(() => [served.units.begun, served.slow.waiting]).toEqual([2, 1])
    call.destroy()
    await eventually(() => served.units.ended).toEqual(2)
    expect(served.pools).toEqual({ opened: 1, closed: 1 })
    served.slow.open()
    await eventually(() => served.pools).toEqual({ opened: 2, closed: 2 })
    await nothingLeft(served)
    expect(served.units).toEqual({ begun: 2, ended: 2 })
  })

  it("when a client is gone in the middle of a stream, and nobody else's", async () => {
    const served = await serve(start, ['a'])
    const other = get(`${served.origin}/stream?lines=Infinity`, ON_A)
    const call = begin(`${served.origin}/stream?lines=Infinity`, ON_A).end()
    const response = await head(call)
    response.on('error', () => {})
    await once(response, 'data')
    call.destroy()
    await eventually(() => served.units).toEqual({ begun: 2, ended: 1 })
    expect(served.pools).toEqual({ opened: 1, closed: 0 })
    served.endStreams()
    const { text } = await other
    expect(new Set(text.trim().split('\n'))).toEqual(new Set(['{"branch":"a"}']))
    await nothingLeft(served)
    expect([served.units, served.pools]).toEqual([
      { begun: 2, ended: 2 },
      { opened: 1, closed: 1 },
    ])
  })

  it('after /throws and /rejects', async () => {
    const served = await serve(start, ['a'])
    for (const path of ['/throws', '/rejects']) expect((await get(served.origin + path, ON_A)).status).toBe(500)
    await nothingLeft(served)
    expect(served.units).toEqual({ begun: 2, ended: 2 })
  })

  it('after a stream that is longer than max-age, which goes on across swaps', async () => {
    const served = await serve(start, ['a'], { maxAge: 100, maxAgeJitter: 0 })
    // Each line takes 20 ms or more: a pool serves six of them at most.
    const { status, text } = await get(`${served.origin}/stream?lines=40`, ON_A)
    expect(status).toBe(200)
    expect(new Set(text.trim().split('\n'))).toEqual(new Set(['{"branch":"a"}']))
    expect(served.pools.opened).toBeGreaterThan(3)
    await nothingLeft(served)
    expect(served.units).toEqual({ begun: 1, ended: 1 })
  })

  it('when it is sent while the server closes; $disconnect() then leaves no connection', async () => {
    const served = await serve(start, ['a'], { maxAge: Infinity })
    await get(`${served.origin}/whose`)
    served.slow.shut()
    const slow = get(`${served.origin}/slow`, ON_A)
    const stream = get(`${served.origin}/stream?lines=Infinity`, ON_A)
    await eventually(() => [served.units.begun, served.slow.waiting]).toEqual([3, 1])
    const closed = served.close()
    served.slow.open()
    served.endStreams()
    await closed
    expect((await slow).text).toBe('{"branch":"a"}')
    expect(new Set((await stream).text.trim().split('\n'))).toEqual(new Set(['{"branch":"a"}']))
    await eventually(() => served.units.ended).toEqual(3)
    await served.prisma.$disconnect()
    expect(served.prisma.$branches.stats()).toEqual([])
    expect(await connectionsSettle(served.database, 0)).toBe(0)
  })
}
