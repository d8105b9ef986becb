import { expect } from 'vitest'
import { systemClock } from '../../../src/pools/clock.ts'
import { CountingClock } from '../../faults/counting-clock.ts'
import { violations, wrongReads } from '../../kit/isolation-checker.ts'
import { IsolationRecorder, MAIN } from '../../kit/isolation-record.ts'
import {
  ISOLATION_WORK,
  type IsolationClient,
  type IsolationSite,
  type IsolationWork,
  isolationPiece,
} from '../../kit/isolation-work.ts'
import type { BackendServer } from '../backend.ts'
import { type Bench, bench } from '../bench.ts'
import type { Rule } from '../rules.ts'

const BRANCHES = ['a', 'b', 'c', 'd', 'e']
/** Less than there are branches. */
const MAX_CLIENTS = 3
const WORKERS = 6
/** Each kind of work on each branch and main. */
const PIECES = ISOLATION_WORK.length * (BRANCHES.length + 1)
/** Pieces of work from one swap of all pools to the next. */
const SWAP_EVERY = 9

/** No timer of it ever fires: the wall clock is set forward by as much whenever all pools are to be too old. */
const MAX_AGE = 24 * 3_600_000

export function isolationRules(rule: Rule): void {
  rule(
    'I: nothing crosses: units, handles, batches and transactions of five branches and main, while pools are swapped and evicted',
    [],
    async (server, lacks) => {
      const kinds = ISOLATION_WORK.filter(({ transactions }) => !transactions || lacks.transactions === undefined)
      const closes = lacks.reopen === undefined
      const clock = new CountingClock(systemClock)
      const options = { maxAge: MAX_AGE, maxClients: closes ? MAX_CLIENTS : BRANCHES.length, healthChecks: true }
      const { prisma, databases } = await bench(server, BRANCHES, options, clock)
      const retired = { 'max-age': 0, evicted: 0 }
      prisma.$branches.on('retired', ({ reason }) => {
        if (reason in retired) retired[reason as keyof typeof retired]++
      })
      const swap = async () => {
        clock.moveWall(MAX_AGE)
        await prisma.$branches.closeObsolete()
      }
      const storm = new Storm(siteOf(prisma, server), kinds)

      // More branches at once than pools, and then an idle pool or more: there is something to evict, and to swap.
      await storm.do(kinds.findIndex(({ name }) => name.startsWith('findUnique')))
      await swap()
      await storm.run(async (piece) => {
        if (piece % SWAP_EVERY === 0) await swap()
      })

      const stored = new Map<string, string[]>()
      for (const name of [...BRANCHES, MAIN]) stored.set(name, await databases.marks(name))
      const { record } = storm.recorder
      expect(violations(record, stored).slice(0, 20)).toEqual([])
      expect(storm.failures).toEqual([])
      // There was something to judge, everywhere.
      if (closes) {
        expect(retired.evicted).toBeGreaterThan(0)
        expect(retired['max-age']).toBeGreaterThan(0)
      }
      for (const name of stored.keys()) {
        const written = record.writes.filter(({ branch, outcome }) => branch === name && outcome === 'acknowledged')
        const read = record.reads.filter(({ branch }) => branch === name)
        expect(Math.min(written.length, read.length), name).toBeGreaterThan(PIECES / 10)
      }
    },
  )
}

function siteOf(prisma: Bench['prisma'], { quote }: BackendServer): IsolationSite {
  const named = (branch: string) => (branch === MAIN ? undefined : branch)
  return {
    prisma: prisma as unknown as IsolationClient,
    unit: (branch, work) => prisma.$withBranch(named(branch), work),
    handle: (branch) => prisma.$branch(named(branch)) as unknown as IsolationClient,
    branches: BRANCHES,
    quote,
  }
}

/** A fixed amount of work: every kind on every branch, several at a time. */
class Storm {
  readonly recorder = new IsolationRecorder()
  readonly failures: unknown[] = []
  readonly #site: IsolationSite
  readonly #kinds: readonly IsolationWork[]
  /** Ends with the last of those that hold a branch, which begin when all others are done. */
  #holding: Promise<unknown> = Promise.resolve()
  readonly #running = new Set<Promise<void>>()

  constructor(site: IsolationSite, kinds: readonly IsolationWork[]) {
    this.#site = site
    this.#kinds = kinds
  }

  async run(before: (piece: number) => Promise<void>): Promise<void> {
    const pieces = Array.from({ length: PIECES }, (_, piece) => piece).values()
    const worker = async () => {
      for (const piece of pieces) {
        if (this.#broken) return
        await before(piece)
        await this.do(piece)
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, worker))
  }

  /** @param piece its number, which says what is done, and where */
  async do(piece: number): Promise<void> {
    const { kind, home, other } = isolationPiece(piece, this.#kinds, [...this.#site.branches, MAIN])
    const run = () => kind.run({ site: this.#site, recorder: this.recorder, home, other })
    try {
      await (kind.holds ? this.#alone(run) : this.#beside(run))
    } catch (error) {
      this.failures.push(error)
    }
  }

  /** There is enough to tell by then, and what crosses may wait for itself. */
  get #broken(): boolean {
    return this.failures.length > 0 || wrongReads(this.recorder.record).length > 0
  }

  async #beside(run: () => Promise<void>): Promise<void> {
    for (let holding: unknown; holding !== this.#holding; await holding) holding = this.#holding
    const running = run().finally(() => this.#running.delete(running))
    this.#running.add(running)
    await running
  }

  /** Several of it at a time, but nothing else that could want the pools it waits for. */
  async #alone(run: () => Promise<void>): Promise<void> {
    const before = [this.#holding, ...this.#running]
    const holding = Promise.allSettled(before).then(async () => {
      const runs = this.#broken ? [] : [run(), run(), run()]
      await Promise.allSettled(runs)
      await Promise.all(runs)
    })
    this.#holding = holding.catch(() => {})
    await holding
  }
}
