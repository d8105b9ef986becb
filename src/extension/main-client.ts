import { persistentPoolsOf } from '../adapter/persistent-adapter.ts'
import type { Owner } from '../catalog/owner.ts'
import type { PrismaClientLike } from '../catalog/prisma-client.ts'
import { WorkUnderWay } from '../catalog/work-under-way.ts'
import { type Clock, withTimeout } from '../pools/clock.ts'
import type { Pools } from '../pools/pools.ts'

/**
 * Main, which is a branch like the others (rule L6): what was begun on it is waited for, however it was begun, and what
 * comes after it was closed leaves nothing behind.
 */
export class MainClient implements Owner {
  readonly base: PrismaClientLike
  readonly key = undefined
  readonly branch = undefined
  readonly work = new WorkUnderWay(() => this.#rested())
  /** Its own, if its adapter is a persistent one. */
  readonly pools: Pools | undefined
  readonly #clock: Clock
  readonly #drainTimeout: number
  #closed = false

  constructor(base: PrismaClientLike, clock: Clock, drainTimeout: number) {
    this.base = base
    this.pools = persistentPoolsOf(base)
    this.#clock = clock
    this.#drainTimeout = drainTimeout
  }

  /** Lets what is under way finish, for `drainTimeout` at most. */
  async drain(): Promise<void> {
    await withTimeout(this.#clock, this.work.over(), this.#drainTimeout, () => new Error('still open')).catch(() => {})
  }

  /** To be drained before: Prisma rolls back what is open when a client disconnects, and cuts what comes to its adapter. */
  async disconnect(): Promise<void> {
    this.#closed = true
    await this.pools?.shutDown()
    await this.base.$disconnect()
  }

  async connect(): Promise<void> {
    this.#closed = false
    this.pools?.start()
    await this.base.$connect()
  }

  /** A client that was closed connects again for whatever comes late. */
  #rested(): void {
    if (!this.#closed) return
    this.#clock.nextTurn(() => {
      if (this.#closed && this.work.isOver) void this.base.$disconnect().catch(() => {})
    })
  }
}
