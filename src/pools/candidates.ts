import type { Pool } from './pool.ts'

/**
 * The live pools that may be asked to make room, in the order in which they are. Kept on use, so that choosing costs the
 * same however many there are. A database in memory is none of them (rule D4).
 */
export class Candidates {
  /** Nothing is in flight on them: the one used longest ago first. */
  readonly #idle = new Set<Pool>()
  /** No transaction is open on them: the one for which that is so for longest first. */
  readonly #calm = new Set<Pool>()

  get anyIdle(): boolean {
    return this.#idle.size > 0
  }

  /**
   * Who makes room next: of the idle pools the one used longest ago; then, for callers who have waited long enough, one
   * without an open transaction, whose statements finish. Never one whose work would have to be cut (rule L3).
   */
  choose(waitedLongEnough: boolean): Pool | undefined {
    const [idle] = this.#idle
    if (idle !== undefined || !waitedLongEnough) return idle
    const [calm] = this.#calm
    return calm
  }

  opened(pool: Pool): void {
    if (!pool.permanent) this.#calm.add(pool)
  }

  idle(pool: Pool): void {
    if (!pool.permanent) this.#idle.add(pool)
  }

  busy(pool: Pool): void {
    this.#idle.delete(pool)
  }

  calm(pool: Pool): void {
    if (!pool.permanent) this.#calm.add(pool)
  }

  inTransaction(pool: Pool): void {
    this.#calm.delete(pool)
  }

  retired(pool: Pool): void {
    this.#idle.delete(pool)
    this.#calm.delete(pool)
  }
}
