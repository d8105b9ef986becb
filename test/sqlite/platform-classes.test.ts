import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import * as undici from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { branchHandler, fromRequest } from '../../src/fetch.ts'
import { sqliteBranches, whose } from '../kit/sqlite-branches.ts'

// By a name that the compiler does not follow: its types bring those of browsers along, for the whole project.
const WHATWG: string = '@whatwg-node/server'
const whatwg: {
  createServerAdapter(handle: (request: Request) => Promise<Response>): RequestListener
  Response: new (body: unknown) => Response
} = await import(WHATWG)

const branch = fromRequest({ header: 'X-Branch', cookie: 'branch', subdomain: 'example.com' })

/** Headers of a class of its own, as test environments and older servers have them. */
class OwnHeaders {
  readonly #values: Map<string, string>
  constructor(values: Record<string, string>) {
    this.#values = new Map(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]))
  }
  get(name: string) {
    return this.#values.get(name.toLowerCase()) ?? null
  }
}

const ownRequest = (values: Record<string, string>) =>
  ({ url: 'http://localhost/', method: 'GET', headers: new OwnHeaders(values) }) as unknown as Request

const undiciRequest = (headers: Record<string, string>) =>
  new undici.Request('http://localhost/', { headers }) as unknown as Request

describe.each([
  ["undici's", undiciRequest],
  ['hand-made', ownRequest],
])('I5: a request of %s class', (_class, make) => {
  it.each([
    ['header', { 'X-Branch': 'a' }],
    ['cookie', { Cookie: 'branch=a' }],
    ['host', { Host: 'a.example.com' }],
  ])('is on the branch that its %s names', async (_source, headers) => {
    const { prisma } = await sqliteBranches()
    const handler = branchHandler(prisma, { branch }, async () => new Response(await whose(prisma)))
    expect(await (await handler(make(headers as Record<string, string>))).text()).toBe('a')
  })

  it('is refused for a branch that is not there', async () => {
    const { prisma } = await sqliteBranches()
    const handler = branchHandler(prisma, { branch }, () => new Response())
    expect((await handler(make({ 'X-Branch': 'gone' }))).status).toBe(400)
  })
})

describe('I5: a response of another class', () => {
  async function* parts(prisma: Parameters<typeof whose>[0]) {
    for (let i = 0; i < 3; i++) yield `${await whose(prisma)} `
  }

  const RESPONSES: [string, (body: AsyncIterable<string>) => unknown][] = [
    ["undici's", (body) => new undici.Response(encoded(body))],
    ["@whatwg-node's", (body) => new whatwg.Response(Readable.from(body))],
    [
      "node-fetch's, whose body is a Node stream",
      (body) => ({ status: 201, statusText: '', headers: new Headers({ 'X-Mine': '1' }), body: Readable.from(body) }),
    ],
  ]

  it.each(RESPONSES)('%s, is made on the branch, to its end', async (_class, respond) => {
    const { prisma } = await sqliteBranches({ maxAge: 0 })
    const handler = branchHandler(prisma, { branch }, () => respond(parts(prisma)) as Response)
    const response = await handler(new Request('http://localhost/', { headers: { 'X-Branch': 'a' } }))
    expect(response.headers.get('vary')).toBe('X-Branch, Cookie')
    expect(await prisma.$withBranch('b', () => response.text())).toBe('a a a ')
    await expect.poll(() => prisma.$branches.stats()).toEqual([])
  })

  function encoded(body: AsyncIterable<string>) {
    const iterator = body[Symbol.asyncIterator]()
    const pull = async (controller: ReadableStreamDefaultController) => {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(new TextEncoder().encode(value))
    }
    return new ReadableStream({ pull }, { highWaterMark: 0 }) as undici.BodyInit
  }
})

it("serves @whatwg-node/server's requests on their branches", async () => {
  const { prisma } = await sqliteBranches()
  const handler = branchHandler(prisma, { branch }, async (request) => {
    const sent = request.method === 'POST' ? await request.text() : ''
    await prisma.user.create({ data: { email: `${sent || 'x'}@example.com` } })
    return Response.json({ branch: await whose(prisma), sent })
  })
  const server = createServer(whatwg.createServerAdapter(handler))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close().closeAllConnections())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const post = await fetch(origin, { method: 'POST', headers: { 'X-Branch': 'a' }, body: 'new' })
  expect(await post.json()).toEqual({ branch: 'a', sent: 'new' })
  expect(post.headers.get('vary')).toBe('X-Branch, Cookie')
  expect(await (await fetch(origin, { headers: { Cookie: 'branch=b' } })).json()).toMatchObject({ branch: 'b' })
  expect((await fetch(origin, { headers: { 'X-Branch': 'gone' } })).status).toBe(400)
  const counts = [prisma, prisma.$branch('a'), prisma.$branch('b')].map((client) => client.user.count())
  expect(await Promise.all(counts)).toEqual([1, 2, 2])
})
