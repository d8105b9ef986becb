import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { schemaUrl } from '../src/postgres.ts'
import { createBranch } from '../test/kit/branches.ts'
import { startPostgres } from '../test/kit/embedded-postgres.ts'
import { installNode, NODE_LINES } from '../test/kit/node-binaries.ts'
import { quantile } from './compare.ts'
import { AUTHOR } from './operations.ts'
import type { Result } from './result.ts'
import { shuffled } from './shuffled.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 60)
/** Of each process in each round. */
const OPERATIONS_OF_ROUND = 100
/** Before anything is measured: enough for the compiler to have seen them all. */
const WARM_UP = 5_000

/** What a process does with AsyncLocalStorage. */
export const USES = ['never', 'used once', 'inside of one'] as const
export type Use = (typeof USES)[number]

type Times = Record<Use, number[]>

/**
 * CPU per `findFirst` of a bare client in a process that never used AsyncLocalStorage, in one that did, and inside of its
 * `run()`: what `$withBranch` costs a process before this package has done anything. On each version of Node.
 */
export async function asyncContext(): Promise<Result> {
  const server = await startPostgres()
  try {
    const url = schemaUrl(server.url, await createBranch(server, 'bench'))
    await server.query('INSERT INTO branch_bench."User" (id, email) VALUES ($1, $2)', [AUTHOR.id, AUTHOR.email])
    const rows: Result['rows'] = []
    for (const line of NODE_LINES) {
      const times = await measureOn(installNode(line), url)
      rows.push(...rowsOf(line, times))
      console.log(
        rows
          .slice(-USES.length)
          .map(({ process, ratio }) => `Node ${line}, ${process}: ${ratio}`)
          .join('\n'),
      )
    }
    return {
      name: 'async-context',
      title: `CPU per findFirst of a bare client: the median of ${ROUNDS} rounds, in which three processes take turns`,
      rows,
      goals: [],
      data: rows,
    }
  } finally {
    await server.stop()
  }
}

/** A process for each use: one that has used it cannot be made to forget. They take turns, in another order each time. */
async function measureOn(node: string, url: string): Promise<Times> {
  const times: Times = { never: [], 'used once': [], 'inside of one': [] }
  const processes = await Promise.all(USES.map((use) => startProcess(node, url, use)))
  for (const { child } of processes) await ask(child, WARM_UP)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { child, use } of shuffled(processes)) times[use].push(await ask(child, OPERATIONS_OF_ROUND))
  }
  for (const { child } of processes) {
    child.disconnect()
    await once(child, 'exit')
  }
  return times
}

async function startProcess(execPath: string, url: string, use: Use): Promise<{ child: ChildProcess; use: Use }> {
  const child = fork(new URL('./async-context-process.js', import.meta.url), [url, use], { execPath })
  await once(child, 'message')
  return { child, use }
}

/** Has a process do so many operations. @returns the microseconds of CPU that one took, garbage collection included */
async function ask(child: ChildProcess, operations: number): Promise<number> {
  child.send(operations)
  const [time] = await once(child, 'message')
  return time
}

function rowsOf(line: string, times: Times): Result['rows'] {
  return USES.map((use) => {
    const ratios = times[use].map((time, round) => time / (times.never[round] as number))
    return {
      Node: line,
      process: use,
      'µs of CPU': Math.round(quantile(times[use], 0.5)),
      ratio: quantile(ratios, 0.5).toFixed(3),
      quartiles: [0.25, 0.75].map((share) => quantile(ratios, share).toFixed(3)).join('–'),
    }
  })
}
