/** Holds back whoever passes, while it is shut. */
export class Gate {
  #waiting: (() => void)[] = []
  #shut = false

  /** How many stand before it. */
  get waiting(): number {
    return this.#waiting.length
  }

  shut(): void {
    this.#shut = true
  }

  open(): void {
    this.#shut = false
    for (const pass of this.#waiting.splice(0)) pass()
  }

  async pass(): Promise<void> {
    if (this.#shut) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
