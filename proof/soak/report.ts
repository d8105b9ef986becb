import { count } from '../../demo/format.ts'
import type { Screen } from '../../demo/screen.ts'
import type { Claim } from '../../demo/stage.ts'
import { bytesPerPool, peakConnections, type Run, signed } from './run.ts'
import { ALLOWED_BYTES_PER_POOL, BRANCHES, CONNECTION_BOUND } from './scale.ts'

export function printRun(screen: Screen, { tally, faults, recorder, watch, connectionsAtEnd, ...run }: Run): void {
  const causes = [...tally.causes].sort(([, a], [, b]) => b - a)
  const rows: [string, string][] = [
    ['operations', count(tally.operations)],
    ['swaps at max-age', count(watch.retired.get('max-age') ?? 0)],
    ['pools opened / closed', `${count(watch.opened)} / ${count(watch.closed)}`],
    ['faults', `${faults.times.length}, ${count(faults.backends)} connections cut`],
    ['failed, own connection cut', count(tally.cut)],
    ...causes.map(([cause, times]): [string, string] => [`  ${cause}`, count(times)]),
    ['failed otherwise', count(tally.failed)],
    ['heap at rest, after warm-up', `${signed(bytesPerPool(recorder))} bytes for each pool`],
    [
      '  in MB',
      recorder
        .points(recorder.heapAtRest)
        .map(({ y }) => y.toFixed(1))
        .join(' '),
    ],
    ['server connections at most', `${peakConnections(recorder)} of ${CONNECTION_BOUND}`],
    ['silences that ended without a connection', `${run.emptySilences} of ${run.silences}`],
    ['server connections at the end', String(connectionsAtEnd)],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  screen.line()
  for (const [name, value] of rows) screen.line(`${name.padEnd(width)}  ${value}`)
}

export function claimsOf(run: Run): Claim[] {
  const { tally, faults, recorder, watch } = run
  const swaps = watch.retired.get('max-age') ?? 0
  const growth = bytesPerPool(recorder)
  const peak = peakConnections(recorder)
  return [
    { text: `backends were terminated all the while (${faults.times.length} times)`, held: faults.times.length >= 3 },
    {
      text: `no operation failed but the ${tally.cut} whose own connection was cut`,
      held: tally.failed === 0 && tally.operations > 0,
    },
    { text: 'no answer had a row of another branch', held: tally.crossed === 0 },
    { text: `all ${BRANCHES.length} branches served`, held: tally.branches.size === BRANCHES.length },
    {
      text: `pools were replaced at max-age, before each silence (${count(swaps)})`,
      held: run.silences > 0 && run.swappedBefore === run.silences,
    },
    {
      text: `the heap at rest grows by less than ${count(ALLOWED_BYTES_PER_POOL)} bytes for each pool (${signed(growth)})`,
      held: growth < ALLOWED_BYTES_PER_POOL,
    },
    { text: `never more than ${CONNECTION_BOUND} connections: at most ${peak}`, held: peak <= CONNECTION_BOUND },
    {
      text: `without traffic, all connections close by themselves (${run.emptySilences} of ${run.silences} times)`,
      held: run.silences > 0 && run.emptySilences === run.silences,
    },
    { text: 'connections end at zero after $disconnect()', held: run.connectionsAtEnd === 0 },
  ]
}

export function printClaims(screen: Screen, claims: Claim[]): boolean {
  screen.line()
  for (const { text, held } of claims) {
    screen.line(`${screen.paint(held ? 'green' : 'red', held ? 'PASS' : 'FAIL')}  ${text}`)
  }
  return claims.every(({ held }) => held)
}
