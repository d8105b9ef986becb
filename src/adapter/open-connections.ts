/** A driver's connection, which says when it has ended. */
export interface EndingConnection {
  once(event: 'end', listener: () => void): unknown
}

/**
 * The connections of one pool. node-postgres says that a pool has ended when it has asked its connections to, while the
 * server still has them: whoever takes that for free room holds more connections than the bound allows.
 */
export class OpenConnections {
  #open = 0
  #waiting: (() => void)[] = []

  add(connection: EndingConnection): void {
    this.#open++
    connection.once('end', () => {
      this.#open--
      if (this.#open === 0) for (const resolve of this.#waiting.splice(0)) resolve()
    })
  }

  /** Settles when none is open. What never ends is for `closeTimeout` to give up. */
  ended(): Promise<void> {
    return this.#open === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve))
  }
}
