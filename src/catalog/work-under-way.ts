/** Counts what was begun on a client and has not settled yet at its caller. */
export class WorkUnderWay {
  readonly #onOver: () => void
  #count = 0
  #waiting: (() => void)[] = []

  /** @param onOver called whenever nothing is under way any more, so it must be cheap */
  constructor(onOver: () => void) {
    this.#onOver = onOver
  }

  get isOver(): boolean {
    return this.#count === 0
  }

  /** Settles when nothing is under way, what begins until then included. */
  over(): Promise<void> {
    return this.isOver ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Every `begin` has one `end`. */
  begin(): void {
    this.#count++
  }

  end(): void {
    if (--this.#count > 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
    this.#onOver()
  }

  /** @param work settles when it is over; whether it fails is its caller's matter */
  track(work: PromiseLike<unknown>): void {
    this.begin()
    const end = () => this.end()
    work.then(end, end)
  }
}
