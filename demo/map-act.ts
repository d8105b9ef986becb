import type { PrismaClient } from '../generated/postgres/client.ts'
import { startApplication } from './application.ts'
import { liveLine } from './bar.ts'
import { connectBranch } from './branch-client.ts'
import { isRefusal } from './cause.ts'
import { ConnectionCounter } from './connection-counter.ts'
import { count } from './format.ts'
import { Ledger } from './ledger.ts'
import { ACT_LIMIT, BRANCHES, SLOTS } from './scale.ts'
import type { ActResult, Stage } from './stage.ts'
import { STEADY, sendTraffic } from './traffic.ts'

/** The usual way to reach many branches: a client for each, made when it is first asked for, and kept. */
export async function mapAct({ server, screen, signal }: Stage): Promise<ActResult> {
  const clients = new Map<string, PrismaClient>()
  const clientOf = (branch: string) => {
    let client = clients.get(branch)
    if (client === undefined) {
      client = connectBranch(server.url, branch)
      clients.set(branch, client)
    }
    return client
  }

  const ledger = new Ledger()
  const counter = new ConnectionCounter(server)
  const application = await startApplication((branch, work) => work(clientOf(branch)))
  const started = performance.now()
  const refusal = () => ledger.failures.find(({ cause }) => isRefusal(cause))
  // When all branches have been visited there are more connections wanted than there are slots: the refusal has come.
  const goOn = () => !signal.aborted && refusal() === undefined && performance.now() - started < ACT_LIMIT
  const render = () => {
    return liveLine(screen, counter.count, SLOTS, [
      count(clients.size, 'client'),
      `${ledger.visited.size}/${BRANCHES.length} branches`,
      count(ledger.requests, 'request'),
    ])
  }
  try {
    await screen.during(render, () => sendTraffic(application.url, 'a', ledger, { goOn, pace: () => STEADY }))
  } finally {
    await application.close()
    await counter.stop()
    await Promise.allSettled([...clients.values()].map((client) => client.$disconnect()))
  }
  signal.throwIfAborted()
  const milliseconds = performance.now() - started

  const endedAtZero = await counter.reachesZero()
  const refused = refusal()
  if (refused !== undefined) {
    const { branch, cause, visited } = refused
    screen.line(`  At branch ${visited} of ${BRANCHES.length} ("${branch}"), PostgreSQL refused a connection:`)
    screen.line(`  ${screen.paint('red', `${cause.code} ${cause.message}`)}`)
  }
  return {
    act: 'a',
    name: 'Map',
    requests: ledger.requests,
    served: ledger.served,
    failed: ledger.failures.length,
    cut: 0,
    down: 0,
    branchesServed: ledger.branchesServed.size,
    peakConnections: counter.peak,
    clientsOpened: clients.size,
    milliseconds,
    claims: [
      {
        text: `PostgreSQL refuses the Map a connection (P2037) at branch ${refused?.visited ?? 'none'} of ${BRANCHES.length}`,
        held: refused !== undefined,
      },
      { text: 'connections end at zero when every client is disconnected', held: endedAtZero },
    ],
  }
}
