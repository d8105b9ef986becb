import { expect, onTestFinished } from 'vitest'
import { fromRequest } from '../../../src/http/from-request.ts'
import { schemaUrl } from '../../../src/postgres.ts'
import type { BranchesOptions } from '../../../src/settings/options.ts'
import { Gate } from '../../kit/gate.ts'
import { PATIENCE } from '../../kit/patience.ts'
import { pause, postgresBranches, testDatabase } from '../../postgres/kit.ts'
import type { ApplicationParts, StartApplication } from './application.ts'
import { countUnits } from './counted-units.ts'
import { lines } from './lines.ts'

/**
 * An application with branches of its own in a database of its own. A request names its branch by `X-Branch`, `_branch`, the
 * cookie `branch` or a subdomain of `example.com`.
 */
export async function serve(
  start: StartApplication,
  names: string[],
  options: Partial<BranchesOptions> = {},
  middleware: { main?: boolean; requireBranch?: boolean } = {},
) {
  const database = await testDatabase()
  const url = (name: string) => (names.includes(name) ? schemaUrl(database.url, `branch_${name}`) : undefined)
  const client = await postgresBranches(names, { maxAge: 0, url, ...options }, database)
  const { prisma, units } = countUnits(client.prisma, middleware.requireBranch)
  const pools = { opened: 0, closed: 0 }
  prisma.$branches.on('opened', () => pools.opened++)
  prisma.$branches.on('closed', () => pools.closed++)
  const late: Parameters<ApplicationParts['late']>[0][] = []
  const branch = fromRequest({ header: 'X-Branch', query: '_branch', cookie: 'branch', subdomain: 'example.com' })
  /** What `/slow` waits for. */
  const slow = new Gate()
  const slowly = () => pause(5).then(() => slow.pass())
  let over = false
  /** Ends the streams of `/stream` with the line that is being read. */
  const endStreams = () => {
    over = true
  }
  const streamed = (count: number) => lines(prisma, count, () => over)
  const application = await start({
    prisma,
    branch,
    main: middleware.main,
    slowly,
    streamed,
    late: (read) => late.push(read),
  })
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= application.close()
    return closing
  }
  onTestFinished(close)
  const { url: origin } = application
  return { database, prisma, units, pools, slow, endStreams, late, origin, close }
}

export type Served = Awaited<ReturnType<typeof serve>>

/** Polls until a value is as expected, and fails if it never is. */
export function eventually(read: () => unknown): { toEqual(expected: unknown): Promise<void> } {
  return expect.poll(read, { timeout: PATIENCE, interval: 10 })
}

/** Every unit of work has ended, once; at max-age 0 no pool outlives its last unit, and the server sees no connection. */
export async function nothingLeft({ database, prisma, units, pools }: Served): Promise<void> {
  const left = async () => ({
    connections: await database.connections(),
    units: units.begun - units.ended,
    pools: prisma.$branches.stats().length,
    closed: pools.closed === pools.opened,
  })
  await eventually(left).toEqual({ connections: 0, units: 0, pools: 0, closed: true })
}
