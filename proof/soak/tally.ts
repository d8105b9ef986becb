import { type Cause, causeOf } from '../../demo/cause.ts'
import { sortFailures } from '../../demo/excuse.ts'
import type { Span } from '../../demo/ledger.ts'
import type { Outage } from '../../demo/outages.ts'
import type { Answer } from '../../demo/work.ts'

/**
 * What became of the operations. Counts, and keeps nothing else: the heap that is measured is not to grow with what is
 * known about it.
 */
export class Tally {
  done = 0
  /** Answers with a row of another branch. */
  crossed = 0
  /** Failures whose own connection was cut. */
  cut = 0
  /** Other failures. */
  failed = 0
  readonly causes = new Map<string, number>()
  readonly branches = new Set<string>()

  get operations(): number {
    return this.done + this.cut + this.failed
  }

  succeeded(branch: string, answer: Answer): void {
    this.done++
    this.branches.add(branch)
    if (answer.branch !== branch || answer.titles.some((title) => !title.startsWith(`${branch}/`))) this.crossed++
  }

  /** @param outages the latest, which may still be going on */
  broke(branch: string, error: unknown, span: Span, outages: Outage[]): void {
    const cause: Cause = causeOf(error)
    const { cut, failed, causes } = sortFailures([{ branch, cause, visited: 0, ...span }], outages)
    this.cut += cut
    this.failed += failed
    for (const [text] of causes) this.causes.set(text, (this.causes.get(text) ?? 0) + 1)
  }
}
