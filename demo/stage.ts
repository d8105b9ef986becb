import type { PostgresServer } from '../test/kit/embedded-postgres.ts'
import type { Screen } from './screen.ts'

/** What every act plays on. */
export interface Stage {
  server: PostgresServer
  screen: Screen
  /** Aborts when the play has to stop. */
  signal: AbortSignal
}

/** Something that the demo says is so, and whether it was. */
export interface Claim {
  text: string
  held: boolean
}

/** A row of the closing table. */
export interface ActResult {
  act: string
  name: string
  requests: number
  served: number
  /** Not excused. */
  failed: number
  /** Their own connection was cut while they were under way. */
  cut: number
  /** Sent while there was no server. */
  down: number
  branchesServed: number
  peakConnections: number
  clientsOpened: number
  milliseconds: number
  claims: Claim[]
}
