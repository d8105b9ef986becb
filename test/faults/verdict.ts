import { setTimeout as delay } from 'node:timers/promises'
import { RECORDED } from '../kit/isolation-record.ts'
import type { PostgresDatabase } from '../kit/postgres-database.ts'
import { isLost, isUnreachable } from './causes.ts'
import type { Operation } from './load.ts'
import { NEWS } from './slack.ts'

/** What a fault did, and when (of `performance.now()`): what it excuses. */
export interface Outage {
  from: number
  to: number
  /** Connections that were lost. Each may fail the one operation whose statement was on it. */
  cut: number
  /** Whether nobody could connect meanwhile. */
  away?: boolean
  /** Failures that are neither, but follow from the fault itself. */
  excuses?(operation: Operation): boolean
}

/** Notes when a fault is over: when the event loop, which the work shares with the test, has had the news of it. */
export async function over(): Promise<number> {
  await delay(NEWS)
  return performance.now()
}

/** What became of the work. */
export interface Verdict {
  operations: number
  /** Failed because their own connection was cut. */
  cut: number
  /** Failed because they could not connect. */
  away: number
  /** Failed as the fault itself says, e.g. because the branch is gone. */
  excused: number
  /** Failed without an excuse. */
  failed: Operation[]
  /** Never settled. */
  hung: Operation[]
  /** Milliseconds from the end of the fault until every branch had served something that was started after it. */
  recovery: number
  /** Milliseconds that the longest operation took. */
  slowest: number
}

export function judge(operations: readonly Operation[], outages: readonly Outage[], branches: readonly string[]) {
  const verdict: Verdict = {
    operations: operations.length,
    cut: 0,
    away: 0,
    excused: 0,
    failed: [],
    hung: [],
    slowest: Math.max(...operations.map(({ startedAt, endedAt = Infinity }) => endedAt - startedAt)),
    recovery: recovery(operations, branches, Math.max(...outages.map(({ to }) => to))),
  }
  let mayBeCut = outages.reduce((sum, { cut }) => sum + cut, 0)
  for (const operation of operations) {
    const { endedAt, failure, startedAt } = operation
    if (endedAt === undefined) verdict.hung.push(operation)
    if (endedAt === undefined || failure === undefined) continue
    const during = outages.filter(({ from, to }) => startedAt <= to && endedAt >= from)
    const away = during.some((outage) => outage.away)
    if (away && isUnreachable(failure)) verdict.away++
    else if (isLost(failure) && during.some(({ cut }) => cut > 0) && mayBeCut-- > 0) verdict.cut++
    // A connection may be lost before it is one.
    else if (away && isLost(failure)) verdict.away++
    else if (during.some((outage) => outage.excuses?.(operation))) verdict.excused++
    else verdict.failed.push(operation)
  }
  return verdict
}

function recovery(operations: readonly Operation[], branches: readonly string[], healedAt: number): number {
  const firsts = branches.map((name) => {
    const served = operations.filter(({ branch, failure, startedAt }) => {
      return branch === name && startedAt >= healedAt && failure === undefined
    })
    return Math.min(...served.map(({ endedAt = Infinity }) => endedAt)) - healedAt
  })
  return Math.max(...firsts)
}

/** Every write that was acknowledged is there, one that failed is there as a whole or not at all, and nothing else. */
export async function wrongWrites(
  database: PostgresDatabase,
  operations: readonly Operation[],
  branches: readonly string[],
): Promise<string[]> {
  const wrong: string[] = []
  const [main] = await database.query<{ count: number }>('SELECT count(*)::int FROM public."User"')
  if (main?.count !== 0) wrong.push(`main: ${main?.count} rows that nobody wrote there`)
  for (const branch of branches) {
    const rows = await database.query<{ mark: string; count: number }>(
      // What is recorded is the isolation checker's to judge.
      `SELECT split_part(email, '@', 1) AS mark, count(*)::int FROM "branch_${branch}"."User"
       WHERE id > 1 AND email NOT LIKE '%${RECORDED}' GROUP BY mark`,
    )
    const found = new Map(rows.map(({ mark, count }) => [mark, count]))
    for (const { branch: of, failure, kind, mark } of operations) {
      if (of !== branch) continue
      const count = found.get(mark) ?? 0
      found.delete(mark)
      if (count === kind.writes || (failure !== undefined && count === 0)) continue
      wrong.push(`${branch}: ${count} instead of ${kind.writes} rows of ${kind.name} ${mark}`)
    }
    for (const mark of found.keys()) wrong.push(`${branch}: rows of ${mark}, which was not written there`)
  }
  return wrong
}

/** Operations that did not do what they were asked to, for whatever reason. */
export function unserved({ cut, away, excused, failed, hung }: Verdict): number {
  return cut + away + excused + failed.length + hung.length
}

export function tableRow(testName: string, verdict: Verdict, map?: Verdict): Record<string, string | number> {
  const { operations, cut, away, excused, failed, hung, recovery, slowest } = verdict
  return {
    fault: testName.split(':')[0] as string,
    operations,
    cut,
    'not connected': away,
    explained: excused,
    unexplained: failed.length,
    hung: hung.length,
    slowest: milliseconds(slowest),
    recovery: milliseconds(recovery),
    ...(map && {
      'Map: failed': unserved(map) - map.hung.length,
      'Map: hung': map.hung.length,
      'Map: recovery': milliseconds(map.recovery),
    }),
  }
}

function milliseconds(value: number): string {
  return value === Infinity ? 'never' : `${Math.round(value)} ms`
}
