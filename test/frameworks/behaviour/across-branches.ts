import { Agent } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { connectionsSettle, pause } from '../../postgres/kit.ts'
import type { StartApplication } from '../kit/application.ts'
import { answer, begin, get } from '../kit/http-client.ts'
import { eventually, serve } from '../kit/served.ts'

const BRANCHES = Array.from({ length: 20 }, (_, i) => `tenant-${i}`)
const REQUESTS = 400
const IN_PARALLEL = 50
const MAX_CLIENTS = 8
const POOL_SIZE = 5

/** What a request does, in turn; each is answered with nothing but its own branch. */
const PATHS = ['/whose', '/slow', '/stream?lines=3', '/whose', '/throws', '/rejects']

export function answersAcrossBranches(start: StartApplication): void {
  it('with requests on 20 of them in parallel: no crossed row, no failure, connections within the bound', async () => {
    const { origin, database, units, prisma } = await serve(start, BRANCHES, {
      maxAge: Infinity,
      maxClients: MAX_CLIENTS,
    })
    const agent = keepAlive(IN_PARALLEL)
    const wrong: string[] = []
    const send = async (i: number) => {
      const branch = BRANCHES[(i * 7) % BRANCHES.length] ?? ''
      const path = PATHS[i % PATHS.length] ?? ''
      const { status, text } = await get(origin + path, { headers: { 'X-Branch': branch }, agent })
      const expected = path === '/throws' || path === '/rejects' ? 500 : 200
      const rows = new Set(text.trim().split('\n'))
      if (status === expected && rows.size === 1 && rows.has(JSON.stringify({ branch }))) return
      wrong.push(`${path} on ${branch}: ${status} ${text}`)
    }
    let next = 0
    let most = 0
    let done = false
    const watch = async () => {
      while (!done) {
        most = Math.max(most, await database.connections())
        await pause(10)
      }
    }
    const worker = async () => {
      while (next < REQUESTS) await send(next++)
    }
    const watching = watch()
    await Promise.all(Array.from({ length: IN_PARALLEL }, worker))
    done = true
    await watching
    // Pools are open still.
    most = Math.max(most, await database.connections())
    expect(wrong).toEqual([])
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(MAX_CLIENTS * POOL_SIZE)
    expect(units).toEqual({ begun: REQUESTS, ended: REQUESTS })
    await prisma.$disconnect()
    expect(await connectionsSettle(database, 0)).toBe(0)
  })

  it('with one keep-alive connection for several of them, one after another', async () => {
    const { origin, units } = await serve(start, ['a', 'b', 'c'])
    const agent = keepAlive(1)
    const sockets = new Set<unknown>()
    for (const branch of ['a', 'b', undefined, 'c', 'a', 'gone', 'b']) {
      const call = begin(`${origin}/whose`, { headers: branch === undefined ? {} : { 'X-Branch': branch }, agent })
      call.once('socket', (socket) => sockets.add(socket))
      const { status, text } = await answer(call)
      if (branch === 'gone') expect(status).toBe(400)
      else expect([status, text]).toEqual([200, JSON.stringify({ branch: branch ?? 'main' })])
    }
    expect(sockets.size).toBe(1)
    await eventually(() => units).toEqual({ begun: 6, ended: 6 })
  })
}

function keepAlive(maxSockets: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets })
  onTestFinished(() => agent.destroy())
  return agent
}
