/** What was begun through the managed adapters of one client, and is not over. */
export class AdapterWork {
  #inFlight = 0
  #isAbandoned = false

  get inFlight(): number {
    return this.#inFlight
  }

  /** Its client was let go of: the pool is that of its successor, if there is one, and not closed with the client. */
  get isAbandoned(): boolean {
    return this.#isAbandoned
  }

  abandon(): void {
    this.#isAbandoned = true
  }

  /** Every `begin` has one `end`. */
  begin(): void {
    this.#inFlight++
  }

  end(): void {
    this.#inFlight--
  }
}
