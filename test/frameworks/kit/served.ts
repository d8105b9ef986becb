import { expect, onTestFinished } from 'vitest'
import { fromRequest } from '../../../src/http/from-request.ts'
import { schemaUrl } from '../../../src/postgres.ts'
import type { BranchesOptions } from '../../../src/settings/options.ts'
import { postgresBranches, testDatabase } from '../../postgres/kit.ts'
import type { ApplicationParts, StartApplication } from './application.ts'
import { countUnits } from './counted-units.ts'

/** What a test may wait for: long enough for a busy machine. */
const PATIENCE = { timeout: 10_000, interval: 10 }

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
  const application = await start({ prisma, branch, main: middleware.main, late: (read) => late.push(read) })
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= application.close()
    return closing
  }
  onTestFinished(close)
  const { url: origin } = application
  return { database, prisma, units, pools, late, origin, close }
}

export type Served = Awaited<ReturnType<typeof serve>>

/** Polls until a value is as expected, and fails if it never is. */
export function eventually(read: () => unknown): { toEqual(expected: unknown): Promise<void> } {
  return expect.poll(read, PATIENCE)
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
