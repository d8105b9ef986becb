import { collect } from './census.ts'

/** So long a collection of everything may take: some objects go only after what finalized before them. */
const ROUNDS = 20

/** Knows which of the objects it was told of have been garbage-collected. Keeps none of them. */
export class Graveyard {
  readonly #alive = new Set<string>()
  readonly #registry = new FinalizationRegistry((name: string) => this.#alive.delete(name))
  readonly names: string[] = []

  bury(name: string, object: object): void {
    this.names.push(name)
    this.#alive.add(name)
    this.#registry.register(object, name)
  }

  /** The names of those that cannot be collected. */
  async undead(): Promise<string[]> {
    for (let round = 0; round < ROUNDS && this.#alive.size > 0; round++) await collect()
    return [...this.#alive]
  }
}
