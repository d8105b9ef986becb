import { isConnectionLoss, isServerAway } from './cause.ts'
import { tally } from './format.ts'
import type { Failure } from './ledger.ts'
import type { Outage } from './outages.ts'

interface Excuse {
  kind: 'cut' | 'down'
  text: string
}

/** The failures of an act by who is to blame. */
export interface Failures {
  /** Without an excuse. */
  failed: number
  /** Their own connection was cut while they were under way. */
  cut: number
  /** Found no server to connect to. */
  down: number
  /** How many failed why, the most frequent first. */
  causes: [cause: string, times: number][]
}

export function sortFailures(failures: Failure[], outages: Outage[]): Failures {
  const excuses = failures.map((failure) => excuse(failure, outages))
  const having = (kind: Excuse['kind'] | undefined) => excuses.filter((excuse) => excuse?.kind === kind).length
  const causes = failures.map(({ cause: { code, message } }, index) => {
    return `${excuses[index]?.text ?? 'FAILED'}: ${`${code} ${message}`.trim()}`
  })
  return { failed: having(undefined), cut: having('cut'), down: having('down'), causes: tally(causes) }
}

/** A failure is excused only if it lost its own connection, or found no server, while an outage that does so went on. */
function excuse(failure: Failure, outages: Outage[]): Excuse | undefined {
  for (const { kind, from, to } of outages) {
    if (failure.from > to || failure.to < from) continue
    const by = kind === 'terminated' ? 'pg_terminate_backend' : 'the restart'
    if (isConnectionLoss(failure.cause)) return { kind: 'cut', text: `own connection cut by ${by}` }
    if (kind === 'restarted' && isServerAway(failure.cause))
      return { kind: 'down', text: 'no server during the restart' }
  }
  return undefined
}
