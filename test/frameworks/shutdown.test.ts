import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { connectionsSettle } from '../postgres/kit.ts'
import { type Example, FRAMEWORKS, startExample } from './kit/example.ts'
import { answer, begin, get } from './kit/http-client.ts'
import { keepAlive } from './kit/keep-alive.ts'
import { eventually } from './kit/served.ts'
import { TableLock } from './kit/table-lock.ts'

const BRANCHES = ['a', 'b', 'c', 'd']
const IN_FLIGHT = 8

const start = (framework: string) => startExample(framework, BRANCHES, { DB_CONN_MAX_AGE: 'none' })

/** Requests whose statements wait for the lock. */
async function lockedRequests({ origin }: Example, lock: TableLock): Promise<ClientRequest[]> {
  const agent = keepAlive(IN_FLIGHT)
  const requests = Array.from({ length: IN_FLIGHT }, (_, index) => {
    const headers = { 'X-Branch': BRANCHES[index % BRANCHES.length] ?? '' }
    return begin(`${origin}/users`, { agent, headers }).end()
  })
  await eventually(() => lock.waiting()).toEqual(IN_FLIGHT)
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
  await eventually(attempt).toEqual('ECONNREFUSED')
}

// The servers keep idle connections for ever here, and wait as long for what is in flight: whatever would keep a process
// from its end by the time that something takes, keeps it from it for good.
describe.each(FRAMEWORKS)('the %s example, on SIGTERM', (framework) => {
  test('accepts nothing more, answers what is in flight, and exits with 0 and without a connection', async () => {
    const example = await start(framework)
    const { program, database, origin } = example
    // A connection that a client keeps for later.
    await get(`${origin}/users`, { agent: keepAlive(1), headers: { 'X-Branch': 'a' } })
    const lock = await TableLock.on(database, BRANCHES)
    const requests = await lockedRequests(example, lock)

    program.signal('SIGTERM')
    const answers = Promise.all(requests.map((request) => answer(request)))
    await refused(origin)
    await lock.release()
    for (const [index, { status, text }] of (await answers).entries()) {
      expect([status, JSON.parse(text)]).toEqual([200, [expect.objectContaining({ name: BRANCHES[index % 4] })]])
    }
    expect(await program.exit()).toBe(0)
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

    program.signal('SIGTERM')
    expect(await program.exit()).toBe(0)
    await asking
    expect(await connectionsSettle(database, 0)).toBe(0)
  })

  test('and on a second one, exits at once', async () => {
    const example = await start(framework)
    const { program, database, origin } = example
    const lock = await TableLock.on(database, BRANCHES)
    const requests = await lockedRequests(example, lock)
    const answers = Promise.allSettled(requests.map((request) => answer(request)))
    program.signal('SIGTERM')
    await refused(origin)

    program.signal('SIGTERM')
    expect(await program.exit()).toBe(1)
    expect((await answers).map(({ status }) => status)).toEqual(Array(IN_FLIGHT).fill('rejected'))
    await lock.release()
    expect(await connectionsSettle(database, 0)).toBe(0)
  })
})
