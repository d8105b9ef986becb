import type { Datasource } from './datasource.ts'
import type { Pool } from './pool.ts'

/**
 * A caller who waits for a pool: for it to open, or for its probe. Whatever it waits for, it can be told to wait no
 * longer (rule L5).
 */
export class Acquisition {
  readonly datasource: Datasource
  #error: unknown
  #leave: ((error: unknown) => void) | undefined
  #settle!: () => void
  /** Settles when the caller has a pool, or none. Never rejects. */
  readonly settled = new Promise<void>((resolve) => {
    this.#settle = resolve
  })

  constructor(datasource: Datasource) {
    this.datasource = datasource
  }

  /** Runs to the caller's pool, or to an error. */
  async run(acquire: () => Promise<Pool>): Promise<Pool> {
    try {
      return await acquire()
    } finally {
      this.#settle()
    }
  }

  /**
   * Waits for `work`, unless the caller was or is told to leave: then it rejects with that error.
   *
   * @param leave ends the wait with an error; `work` then rejects with it
   */
  async wait<T>(work: Promise<T>, leave: (error: unknown) => void): Promise<T> {
    if (this.#error !== undefined) leave(this.#error)
    else this.#leave = leave
    try {
      return await work
    } finally {
      this.#leave = undefined
    }
  }

  /** The caller has waited long enough. */
  abandon(error: Error): void {
    this.#error = error
    this.#leave?.(error)
  }
}
