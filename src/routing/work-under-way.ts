/** What was begun on a client and has not settled yet at its caller. */
export class WorkUnderWay {
  readonly #onOver: () => void
  #count = 0
  #over: Promise<void> = Promise.resolve()
  #resolveOver: () => void = () => {}

  /** @param onOver called whenever nothing is under way any more */
  constructor(onOver: () => void = () => {}) {
    this.#onOver = onOver
  }

  /** Settles when nothing is under way, what begins until then included. */
  get over(): Promise<void> {
    return this.#over
  }

  get isOver(): boolean {
    return this.#count === 0
  }

  /** @param work settles when it is over; whether it fails is its caller's matter */
  track(work: PromiseLike<unknown>): void {
    if (this.#count++ === 0) {
      this.#over = new Promise((resolve) => {
        this.#resolveOver = resolve
      })
    }
    const done = () => {
      if (--this.#count > 0) return
      this.#resolveOver()
      this.#onOver()
    }
    work.then(done, done)
  }
}
