import type { Scheduler } from 'fast-check'

/**
 * Everything that happens later: an answer of the driver, a timer that is due, the next turn of the event loop. The
 * scheduler picks which of them is next, so that over many runs they happen in every order.
 */
export class Steps {
  readonly #scheduler: Scheduler
  /** What hangs: it is not among the steps until it is let go. */
  readonly #held = new Set<{ what: string; letGo(): void }>()

  #mayHang = true

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  get count(): number {
    return this.#scheduler.count()
  }

  /** Settles when it is picked. */
  next(label: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), label)
  }

  /** Calls back when it is picked, as the event loop does: when no promise reaction is queued. */
  later(label: string, callback: () => void): void {
    void this.next(label).then(() => setImmediate(callback))
  }

  /** Settles when it was let go, and then picked. */
  async hang(what: string): Promise<void> {
    if (!this.#mayHang) return this.next(what)
    await new Promise<void>((resolve) => {
      const held = {
        what,
        letGo: () => {
          this.#held.delete(held)
          resolve()
        },
      }
      this.#held.add(held)
    })
    await this.next(`${what}, at last`)
  }

  letGo(which: (what: string) => boolean): void {
    for (const held of [...this.#held]) if (which(held.what)) held.letGo()
  }

  /** From now on nothing hangs. */
  letAllGo(): void {
    this.#mayHang = false
    this.letGo(() => true)
  }

  /** Lets one step happen, if there is one. What follows from it may not have happened yet: see {@link turn}. */
  async one(): Promise<void> {
    if (this.#scheduler.count() > 0) await this.#scheduler.waitOne()
  }
}

/** A turn of the event loop: every promise reaction queued by now has run, and so has the watch for unhandled rejections. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
