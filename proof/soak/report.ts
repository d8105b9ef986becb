import type { ClientWatch } from '../../demo/client-watch.ts'
import { count, tally as sortedTally } from '../../demo/format.ts'
import type { Screen } from '../../demo/screen.ts'
import type { Claim } from '../../demo/stage.ts'
import { type Point, slope } from '../../test/leaks/kit/slope.ts'
import type { Faults } from './faults.ts'
import { draw } from './plot.ts'
import { MEGABYTE, type Recorder } from './recorder.ts'
import {
  ALLOWED_KB_PER_MINUTE,
  BRANCHES,
  CONNECTION_BOUND,
  MAX_AGE,
  MAX_CLIENTS,
  POOL_SIZE,
  SECONDS,
  WARM_UP,
  WORKERS,
} from './scale.ts'
import type { Tally } from './tally.ts'

/** All that is known of a run when it is over. */
export interface Run {
  tally: Tally
  faults: Faults
  recorder: Recorder
  watch: ClientWatch
  /** How many silences there were, and in how many of them the server had no connection any more. */
  silences: number
  emptySilences: number
  connectionsAtEnd: number
}

/** Of the heap at rest, once the run is warm. */
function kilobytesPerMinute(recorder: Recorder): number {
  return (slope(recorder.points(recorder.heapAtRest, WARM_UP)) * 60 * MEGABYTE) / 1_000
}

function peakConnections(recorder: Recorder): number {
  return Math.max(...recorder.points(recorder.connections).map(({ y }) => y))
}

export function printRun(screen: Screen, { tally, faults, recorder, watch, connectionsAtEnd, ...run }: Run): void {
  const rows: [string, string][] = [
    ['operations', count(tally.operations)],
    ['swaps at max-age', count(watch.retired.get('max-age') ?? 0)],
    ['pools opened / closed', `${count(watch.opened)} / ${count(watch.closed)}`],
    ['faults', `${faults.times.length}, ${count(faults.backends)} connections cut`],
    ['failed, own connection cut', count(tally.cut)],
    ...sortedCauses(tally).map(([cause, times]): [string, string] => [`  ${cause}`, count(times)]),
    ['failed otherwise', count(tally.failed)],
    ['heap at rest, after warm-up', `${signed(kilobytesPerMinute(recorder))} KB/min`],
    ['server connections at most', `${peakConnections(recorder)} of ${CONNECTION_BOUND}`],
    ['silences that ended without a connection', `${run.emptySilences} of ${run.silences}`],
    ['server connections at the end', String(connectionsAtEnd)],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  screen.line()
  for (const [name, value] of rows) screen.line(`${name.padEnd(width)}  ${value}`)
}

function sortedCauses(tally: Tally): [string, number][] {
  return sortedTally([...tally.causes].flatMap(([cause, times]) => Array<string>(times).fill(cause)))
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(0)}`
}

export function claimsOf(run: Run): Claim[] {
  const { tally, faults, recorder, watch } = run
  const swaps = watch.retired.get('max-age') ?? 0
  const growth = kilobytesPerMinute(recorder)
  const peak = peakConnections(recorder)
  return [
    { text: `backends were terminated all the while (${faults.times.length} times)`, held: faults.times.length >= 3 },
    {
      text: `no operation failed but the ${tally.cut} whose own connection was cut`,
      held: tally.failed === 0 && tally.operations > 0,
    },
    { text: 'no answer had a row of another branch', held: tally.crossed === 0 },
    { text: `all ${BRANCHES.length} branches served`, held: tally.branches.size === BRANCHES.length },
    { text: `pools were replaced at max-age, at least one a second (${count(swaps)})`, held: swaps >= SECONDS },
    {
      text: `the heap at rest grows by less than ${ALLOWED_KB_PER_MINUTE} KB/min after ${WARM_UP} s (${signed(growth)})`,
      held: growth < ALLOWED_KB_PER_MINUTE,
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

/** Without the last operations, which finish after the end. */
function within(points: Point[]): Point[] {
  return points.filter(({ x }) => x <= SECONDS)
}

/** The run as a picture. */
export function drawRun({ tally, faults, recorder, watch }: Run): string {
  const figures = [
    `${count(tally.operations)} operations, ${count(watch.retired.get('max-age') ?? 0)} swaps at max-age`,
    `${tally.cut} failed, each on a connection that was cut`,
    `heap at rest ${signed(kilobytesPerMinute(recorder))} KB/min after ${WARM_UP} s`,
  ]
  if (tally.failed > 0) figures.push(`${tally.failed} failed otherwise`)
  return draw({
    title: `Soak test: ${BRANCHES.length} branches through ${MAX_CLIENTS} clients, max-age ${MAX_AGE / 1_000} s, ${WORKERS} operations at a time`,
    subtitle: `${figures.join('   ·   ')}\nRed dashes: every connection terminated by the server. Gaps: no traffic for some seconds. Time in minutes:seconds.`,
    seconds: SECONDS,
    faults: faults.times,
    panels: [
      {
        title: 'Heap in use',
        unit: 'MB',
        lines: [
          { name: 'after garbage collection', color: '#1f77b4', points: within(recorder.points(recorder.heap)) },
          {
            name: 'the same at rest',
            color: '#123f63',
            points: within(recorder.points(recorder.heapAtRest)),
            dots: true,
          },
        ],
      },
      {
        title: 'Memory of the process',
        unit: 'MB',
        lines: [{ name: 'resident set', color: '#8e6bb0', points: within(recorder.points(recorder.rss)) }],
      },
      {
        title: 'Connections, as counted by the server',
        unit: 'connections',
        lines: [
          { name: 'most in each second', color: '#2a8f57', points: within(recorder.points(recorder.connections)) },
        ],
        bound: {
          value: CONNECTION_BOUND,
          label: `bound: ${MAX_CLIENTS} clients × ${POOL_SIZE} connections = ${CONNECTION_BOUND}`,
        },
      },
      {
        title: 'Throughput',
        unit: 'operations / s',
        lines: [
          { name: 'operations in each second', color: '#d07a1f', points: within(recorder.points(recorder.operations)) },
        ],
      },
    ],
  })
}
