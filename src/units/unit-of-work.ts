import type { Branch } from '../datasource/branch.ts'
import type { Pool } from '../pools/pool.ts'
import { bindValue } from './bound-value.ts'
import { storage, type Unit } from './current-unit.ts'

/**
 * A request, a job or a `$withBranch` callback. It says which branch is current, and holds the pools used in it until
 * its end, so that at max-age 0 one pool serves all of it (rule A9).
 */
export class UnitOfWork implements Unit {
  readonly #owner: object
  readonly #branch: Branch | undefined
  /** What is current for other owners: several extensions may be at work in one process, one inside the other. */
  readonly #others: ReadonlyMap<object, Branch | undefined> | undefined
  #pools: Set<Pool> | undefined
  #ended = false

  /** @param branch the one that is current in this unit for `owner`; `undefined` for its main client */
  constructor(owner: object, branch: Branch | undefined) {
    this.#owner = owner
    this.#branch = branch
    const enclosing = UnitOfWork.current()
    // Not a link to the enclosing unit: a job that schedules itself again from inside would make an endless chain.
    const others = enclosing?.branches()
    if (others !== undefined && (others.size > 1 || !others.has(owner))) this.#others = others
  }

  /** The innermost unit, which another copy of the package may have made. */
  static current(): Unit | undefined {
    return storage.getStore()
  }

  /** Runs `work` in no unit: what happens to pools happens in whichever unit it is noticed in, and is none of its doing. */
  static outside<T>(work: () => T): T {
    return storage.run(undefined, work)
  }

  resume<T>(work: () => T): T {
    return storage.run(this, work)
  }

  branchFor(owner: object): Branch | undefined {
    return this.#owner === owner ? this.#branch : this.#others?.get(owner)
  }

  branches(): ReadonlyMap<object, Branch | undefined> {
    return new Map(this.#others).set(this.#owner, this.#branch)
  }

  /**
   * Runs `work` as this unit. What it returns is awaited inside, so that a lazy query runs as part of it (rule B7), and bound
   * to the unit, so that what is read of it afterwards does (rule I4).
   */
  async run<T>(work: () => T | PromiseLike<T>): Promise<T> {
    try {
      return await storage.run(this, async () => bindValue(await work(), this))
    } finally {
      this.#end()
    }
  }

  /** Whether a statement on `pool` would be the first of this unit there. Work that outlives its unit is on its own. */
  isFirstUse(pool: Pool): boolean {
    return this.#ended || !this.#pools?.has(pool)
  }

  hold(pool: Pool): void {
    if (this.#ended || !this.isFirstUse(pool)) return
    this.#pools ??= new Set()
    // A long unit of work sees pools come and go, and keeps none that has been replaced.
    for (const other of this.#pools) if (other.state !== 'live') this.#release(other)
    this.#pools.add(pool)
    pool.hold()
  }

  #release(pool: Pool): void {
    this.#pools?.delete(pool)
    pool.unhold()
  }

  #end(): void {
    this.#ended = true
    for (const pool of this.#pools ?? []) this.#release(pool)
  }
}
