import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { schemaUrl } from '../src/postgres.ts'
import { createBranch } from '../test/kit/branches.ts'
import { startPostgres } from '../test/kit/embedded-postgres.ts'
import { installNode, NODE_LINES } from '../test/kit/node-binaries.ts'
import { quantile } from './compare.ts'
import { AUTHOR, OPERATIONS } from './operations.ts'
import type { Result } from './result.ts'
import { shuffled } from './shuffled.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7)

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
      const node = installNode(line)
      const times: Times = { never: [], 'used once': [], 'inside of one': [] }
      for (let round = 0; round < ROUNDS; round++) {
        // Each in a process of its own: one that has used it cannot be made to forget.
        for (const use of shuffled(USES)) times[use].push(await measureIn(node, url, use))
      }
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
      title: `CPU per ${Object.keys(OPERATIONS)[0]} of a bare client: the median of ${ROUNDS} processes of each kind`,
      rows,
      goals: [],
      data: rows,
    }
  } finally {
    await server.stop()
  }
}

/** Microseconds of CPU per operation. */
async function measureIn(node: string, url: string, use: Use): Promise<number> {
  const program = new URL('./async-context-process.js', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(node, [program, url, use])
  return Number(stdout)
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
