import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { connectionsSettle } from '../postgres/kit.ts'
import { type Example, FRAMEWORKS, startExample } from './kit/example.ts'
import { answer, begin, get } from './kit/http-client.ts'
import { keepAlive } from './kit/keep-alive.ts'

const BRANCHES = ['a', 'b', 'c', 'd']
const IN_FLIGHT = 8
/** Milliseconds that a request in flight takes. */
const SLOW = 700
/** Milliseconds that everything else may take: far less than a server lets a client keep its connection. */
const MARGIN = 1_500
const DRAIN_TIMEOUT_SECONDS = 5

const start = (framework: string) =>
  startExample(framework, BRANCHES, {
    DB_CONN_MAX_AGE: 'none',
    DB_CONN_DRAIN_TIMEOUT: String(DRAIN_TIMEOUT_SECONDS),
  })

/** Requests that the server has begun to answer: it says so, as they expect it to. */
async function slowRequests({ origin }: Example, ms: number): Promise<ClientRequest[]> {
  const agent = keepAlive(IN_FLIGHT)
  const requests = Array.from({ length: IN_FLIGHT }, (_, index) => {
    const headers = { 'X-Branch': BRANCHES[index % BRANCHES.length] ?? '', expect: '100-continue' }
    return begin(`${origin}/slow?ms=${ms}`, { agent, headers })
  })
  await Promise.all(requests.map((request) => once(request, 'continue')))
  return requests
}

/** Resolves when nobody listens there any more. */
async function refused(origin: string): Promise<void> {
  const { hostname, port } = new URL(origin)
  const attempt = async () => {
    const socket = connect(Number(port), hostname)
    try {
      await once(socket, 'connect')
      return 'connected'
    } catch (error) {
      return (error as NodeJS.ErrnoException).code
    } finally {
      socket.destroy()
    }
  }
  await expect.poll(attempt, { timeout: 5_000, interval: 10 }).toBe('ECONNREFUSED')
}

describe.each(FRAMEWORKS)('the %s example, on SIGTERM', (framework) => {
  test('accepts nothing more, answers what is in flight, and exits with 0 and without a connection', async () => {
    const example = await start(framework)
    const { program, database, origin } = example
    // A connection that a client keeps for later.
    await get(`${origin}/users`, { agent: keepAlive(1), headers: { 'X-Branch': 'a' } })
    const requests = await slowRequests(example, SLOW)
    expect(await database.connections()).toBeGreaterThan(0)

    const startedAt = performance.now()
    program.signal('SIGTERM')
    const answers = Promise.all(requests.map((request) => answer(request)))
    await refused(origin)
    expect(performance.now() - startedAt).toBeLessThan(SLOW)
    for (const [index, { status, text }] of (await answers).entries()) {
      expect([status, JSON.parse(text)]).toEqual([200, [expect.objectContaining({ name: BRANCHES[index % 4] })]])
    }
    expect(await program.exit()).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(SLOW + MARGIN)
    expect(await connectionsSettle(database, 0)).toBe(0)
  })

  test('is not kept from it by clients that go on asking', async () => {
    const { program, database, origin } = await start(framework)
    const agent = keepAlive(IN_FLIGHT)
    let answers = 0
    const ask = async () => {
      for (;;) {
        // Almost never idle.
        await get(`${origin}/slow?ms=50`, { agent, headers: { 'X-Branch': 'b' } })
        answers++
      }
    }
    const asking = Promise.allSettled(Array.from({ length: IN_FLIGHT }, ask))
    await expect.poll(() => answers).toBeGreaterThan(IN_FLIGHT)

    const startedAt = performance.now()
    program.signal('SIGTERM')
    expect(await program.exit()).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(MARGIN)
    await asking
    expect(await connectionsSettle(database, 0)).toBe(0)
  })

  test('and on a second one, exits at once', async () => {
    const example = await start(framework)
    const { program, database, origin } = example
    const requests = await slowRequests(example, 60_000)
    const answers = Promise.allSettled(requests.map((request) => answer(request)))
    program.signal('SIGTERM')
    await refused(origin)

    const startedAt = performance.now()
    program.signal('SIGTERM')
    expect(await program.exit()).toBe(1)
    expect(performance.now() - startedAt).toBeLessThan(MARGIN)
    expect((await answers).map(({ status }) => status)).toEqual(Array(IN_FLIGHT).fill('rejected'))
    expect(await connectionsSettle(database, 0)).toBe(0)
  })
})
