import type { Cause } from './cause.ts'
import type { PlannedRequest } from './planned-request.ts'
import type { Answer } from './work.ts'

/** Of `performance.now()`. */
export interface Span {
  from: number
  to: number
}

export interface Failure extends Span {
  branch: string
  cause: Cause
  /** How many branches had been visited by then, this one among them. */
  visited: number
}

/** What became of the requests of an act. */
export class Ledger {
  served = 0
  /** Answers with a row of another branch. */
  crossed = 0
  readonly failures: Failure[] = []
  readonly visited = new Set<string>()
  readonly branchesServed = new Set<string>()
  /** Titles of posts whose writing was acknowledged. */
  readonly written = new Set<string>()

  get requests(): number {
    return this.served + this.failures.length
  }

  record(request: PlannedRequest, outcome: Answer | Cause, span: Span): void {
    const { branch, route, title } = request
    this.visited.add(branch)
    if ('message' in outcome) {
      this.failures.push({ branch, cause: outcome, visited: this.visited.size, ...span })
      return
    }
    this.served++
    this.branchesServed.add(branch)
    if (route !== 'GET /posts') this.written.add(title)
    if (outcome.branch !== branch || outcome.titles.some((of) => !of.startsWith(`${branch}/`))) this.crossed++
  }
}
