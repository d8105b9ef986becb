import { expect, test } from 'vitest'
import type { PostgresDatabase } from '../kit/postgres-database.ts'
import { connectionsSettle } from '../postgres/kit.ts'
import { ConnectionWatch } from './kit/connection-watch.ts'
import { FRAMEWORKS, startExample } from './kit/example.ts'
import { answer, begin } from './kit/http-client.ts'
import { keepAlive } from './kit/keep-alive.ts'

const BRANCHES = Array.from({ length: 20 }, (_, index) => `tenant-${index + 1}`)
/** In CI, fewer. */
const REQUESTS = Number(process.env.EXAMPLE_REQUESTS ?? 5_000)
const IN_PARALLEL = 50

/**
 * Fewer clients than branches. Most requests at a time are for `BUSY` of the branches, others from moment to moment; the rest
 * for any: if there were no bound, all of them would have connections.
 */
const MAX_CLIENTS = 16
const BUSY = 12
/** Pools are replaced several times meanwhile, however many requests there are. */
const MAX_AGE_SECONDS = REQUESTS / 1_000
/** Connections: of one pool, and of the main client. */
const POOL_SIZE = 2
const MAIN_POOL_SIZE = 2

interface User {
  email: string
  name: string
}

/** Different in every run of a test, but the same for one seed. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** How a request says which branch it is for. */
const WAYS: ((branch: string) => { query?: string; headers?: Record<string, string> })[] = [
  (branch) => ({ headers: { 'X-Branch': branch } }),
  (branch) => ({ query: `?_branch=${branch}`, headers: { cookie: 'branch=tenant-1' } }),
  (branch) => ({ headers: { cookie: `theme=dark; branch=${branch}` } }),
]

test.each(FRAMEWORKS)(
  'the %s example, 50 requests at a time on 20 branches: each row in its branch, connections within the bound',
  async (framework) => {
    const { program, database, origin } = await startExample(framework, BRANCHES, {
      DB_CONN_MAX_AGE: String(MAX_AGE_SECONDS),
      DB_CONN_MAX_CLIENTS: String(MAX_CLIENTS),
    })
    const agent = keepAlive(IN_PARALLEL)
    const random = randomNumbers(5_000)
    const posted = new Map<string, string[]>(BRANCHES.map((branch) => [branch, []]))
    const wrong: string[] = []

    async function request(index: number): Promise<void> {
      const firstBusy = Math.floor((index / REQUESTS) * BRANCHES.length)
      const number = random(20) === 0 ? random(BRANCHES.length) : firstBusy + random(BUSY)
      const branch = BRANCHES[number % BRANCHES.length] ?? ''
      const { query = '', headers = {} } = WAYS[random(WAYS.length)]?.(branch) ?? {}
      const kind = random(20)
      const path = kind === 0 ? '/users/stream' : '/users'
      const email = `${index}@${branch}.example`
      const body = kind === 1 || kind === 2 ? JSON.stringify({ email, name: branch }) : undefined
      const call = begin(`${origin}${path}${query}`, {
        agent,
        method: body === undefined ? 'GET' : 'POST',
        headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      })
      const { status, text } = await answer(call, body)
      if (body !== undefined) posted.get(branch)?.push(email)
      const users = rowsOf(text, path)
      const right = status === (body === undefined ? 200 : 201) && users.length > 0
      if (!right || users.some(({ name }) => name !== branch)) wrong.push(`${path} of ${branch}: ${status} ${text}`)
    }

    const watch = new ConnectionWatch(database)
    let next = 0
    // Goes on until pools have come and gone in the middle of it, however fast that many requests are served.
    async function client(): Promise<void> {
      while (next < REQUESTS || watch.seen.size <= BRANCHES.length * POOL_SIZE) {
        const index = next++
        await request(index).catch((error: unknown) => wrong.push(String(error)))
      }
    }

    const startedAt = performance.now()
    await Promise.all(Array.from({ length: IN_PARALLEL }, client))
    const seconds = (performance.now() - startedAt) / 1_000
    const { most, seen } = await watch.end()
    console.log(
      `${framework}: ${Math.round(next / seconds)} requests/s, ${seconds.toFixed(1)} s, ` +
        `${most} connections at most, ${seen.size} in all`,
    )

    expect(wrong.slice(0, 3)).toEqual([])
    expect(most).toBeLessThanOrEqual(MAX_CLIENTS * POOL_SIZE + MAIN_POOL_SIZE)
    for (const [branch, emails] of posted) {
      expect(await emailsIn(database, `branch_${branch}`)).toEqual([`ada@${branch}.example`, ...emails].sort())
    }
    expect(await emailsIn(database, 'public')).toEqual(['ada@main.example'])

    program.signal('SIGTERM')
    expect(await program.exit()).toBe(0)
    expect(await connectionsSettle(database, 0)).toBe(0)
  },
)

function rowsOf(text: string, path: string): User[] {
  if (path === '/users/stream') {
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
  return [JSON.parse(text)].flat()
}

async function emailsIn(database: PostgresDatabase, schema: string): Promise<string[]> {
  const rows = await database.query<{ email: string }>(`SELECT email FROM "${schema}"."User"`)
  return rows.map(({ email }) => email).sort()
}
