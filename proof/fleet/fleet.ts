import { type PostgresServer, startPostgres } from '../../test/kit/embedded-postgres.ts'
import { PgBouncer } from '../../test/kit/pgbouncer.ts'
import { ServerMissingError } from '../../test/kit/server-program.ts'
import { type Claim, type Outcome, printTable, verify } from './report.ts'
import { runProcesses, stopProcesses } from './run.ts'
import { BRANCHES, CLIENT_CONNECTIONS, POOLER_LIMIT, PROCESSES, SECONDS, SERVER_CONNECTIONS } from './scale.ts'
import { createTenants, roleOf } from './tenants.ts'

// Several processes with many branches each, on one PostgreSQL: through a pooler, which bounds the connections of all
// together, and without one, where each process bounds its own.

/** For the administrator, and for what PostgreSQL keeps back. */
const SPARE_CONNECTIONS = 20

/** Nothing, if the pooler is not on this machine and need not be. */
async function withPooler(server: PostgresServer): Promise<Outcome | undefined> {
  const pooler = await startPooler(server)
  if (pooler === undefined) return undefined
  try {
    return await runProcesses('with PgBouncer', 'pooled', pooler.url('postgres'), server, SERVER_CONNECTIONS)
  } finally {
    await pooler.stop()
  }
}

async function startPooler(server: PostgresServer): Promise<PgBouncer | undefined> {
  const pooler = PgBouncer.start(server.url, {
    users: BRANCHES.map(roleOf),
    // All branches are in one database: this counts them together, whatever their roles.
    pgbouncer: { max_db_connections: POOLER_LIMIT, default_pool_size: POOLER_LIMIT },
  })
  try {
    return await pooler
  } catch (error) {
    if (!(error instanceof ServerMissingError) || process.env.REQUIRE_SERVERS === '1') throw error
    console.log(error.message)
    return undefined
  }
}

function withoutPooler(server: PostgresServer): Promise<Outcome> {
  return runProcesses('without', 'direct', server.url, server, CLIENT_CONNECTIONS)
}

async function fleet(): Promise<Claim[]> {
  console.log(
    `Fleet: ${PROCESSES} processes, ${BRANCHES.length} branches in each, ${SECONDS} s with PgBouncer and without`,
  )
  const server = await startPostgres(CLIENT_CONNECTIONS + SPARE_CONNECTIONS)
  // Without its processes the fleet fails, and cleans up as it does then.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stopProcesses)
  try {
    await createTenants(server)
    const outcomes = [await withPooler(server), await withoutPooler(server)].filter((outcome) => outcome !== undefined)
    printTable(outcomes)
    return outcomes.flatMap(verify)
  } finally {
    stopProcesses()
    await server.stop()
  }
}

const broken = (await fleet()).filter(({ holds }) => !holds)
for (const { text } of broken) console.error(`Not true: ${text}`)
process.exitCode = broken.length === 0 ? 0 : 1
