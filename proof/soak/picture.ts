import { count } from '../../demo/format.ts'
import type { Point } from '../../test/leaks/kit/slope.ts'
import { draw } from './plot.ts'
import { bytesPerPool, type Run, signed } from './run.ts'
import { BRANCHES, CONNECTION_BOUND, MAX_AGE, MAX_CLIENTS, POOL_SIZE, SECONDS, WORKERS } from './scale.ts'

/** Without the last operations, which finish after the end. */
function within(points: Point[]): Point[] {
  return points.filter(({ x }) => x <= SECONDS)
}

/** The run as a picture. */
export function drawRun({ tally, faults, recorder, watch }: Run): string {
  const figures = [
    `${count(tally.operations)} operations, ${count(watch.retired.get('max-age') ?? 0)} swaps at max-age`,
    `${tally.cut} failed, each on a connection that was cut`,
    `heap at rest ${signed(bytesPerPool(recorder))} bytes for each pool closed`,
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
