import { count, seconds } from './format.ts'
import type { Screen } from './screen.ts'
import type { ActResult, Claim } from './stage.ts'

const COLUMNS: [title: string, value: (act: ActResult) => string][] = [
  ['act', ({ act, name }) => `${act}  ${name}`],
  ['requests', ({ requests }) => count(requests)],
  ['served', ({ served }) => count(served)],
  ['failed', ({ failed }) => count(failed)],
  ['cut', ({ cut }) => count(cut)],
  ['server down', ({ down }) => count(down)],
  ['branches', ({ branchesServed }) => count(branchesServed)],
  ['peak conn.', ({ peakConnections }) => count(peakConnections)],
  ['clients opened', ({ clientsOpened }) => count(clientsOpened)],
  ['time', ({ milliseconds }) => seconds(milliseconds)],
]

export function printTable(screen: Screen, acts: ActResult[]): void {
  const rows = [COLUMNS.map(([title]) => title), ...acts.map((act) => COLUMNS.map(([, value]) => value(act)))]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => {
    return row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  })
  const [head = '', ...body] = lines
  screen.line()
  screen.line(screen.paint('bold', head))
  screen.line('─'.repeat(head.length))
  for (const line of body) screen.line(line)
}

/** Says of each claim whether it held; returns whether all did. */
export function printClaims(screen: Screen, acts: ActResult[]): boolean {
  screen.line()
  for (const { act, claims } of acts) for (const claim of claims) screen.line(verdict(screen, act, claim))
  const claims = acts.flatMap((act) => act.claims)
  const held = claims.filter((claim) => claim.held).length
  screen.line()
  screen.line(
    screen.paint(['bold', held === claims.length ? 'green' : 'red'], `${held} of ${claims.length} claims held`),
  )
  return held === claims.length
}

function verdict(screen: Screen, act: string, { text, held }: Claim): string {
  return `${screen.paint(held ? 'green' : 'red', held ? 'PASS' : 'FAIL')}  ${act}  ${text}`
}
