import { setTimeout as delay } from 'node:timers/promises'
import type { Answer, Work } from '../../demo/work.ts'
import type { Faults } from './faults.ts'
import { BRANCHES, SILENCE, SILENCE_EVERY, WORKERS } from './scale.ts'
import type { Tally } from './tally.ts'
import { kindOf } from './work.ts'

/** Does work on a branch. */
export type Serve = (branch: string, work: Work) => Promise<Answer>

/** Milliseconds between two operations of one worker. */
const PAUSE = 10

/** Branches that are busy at a time, and operations until the next one takes the place of the first. */
const BUSY_BRANCHES = 8
const OPERATIONS_PER_STEP = 40

/** Works on branches, {@link WORKERS} operations at a time, with a silence now and then. */
export class Traffic {
  #number = 0
  readonly #start = performance.now()

  /** Whether nobody is to work at the moment. */
  get silent(): boolean {
    return this.#phase >= SILENCE_EVERY
  }

  /** Whether it is the last second of a silence. */
  get endOfSilence(): boolean {
    return this.#phase >= SILENCE_EVERY + SILENCE - 1
  }

  get #phase(): number {
    return ((performance.now() - this.#start) / 1_000) % (SILENCE_EVERY + SILENCE)
  }

  async run(serve: Serve, tally: Tally, faults: Faults, goOn: () => boolean) {
    const worker = async () => {
      while (goOn()) {
        if (!this.silent) await this.#operate(serve, tally, faults)
        await delay(PAUSE)
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, worker))
  }

  async #operate(serve: Serve, tally: Tally, faults: Faults): Promise<void> {
    const number = this.#number++
    const branch = branchOf(number)
    const from = performance.now()
    try {
      tally.succeeded(branch, await serve(branch, kindOf(number).work(`${branch}/${number}`)))
    } catch (error) {
      tally.broke(branch, error, { from, to: performance.now() }, faults.latest)
    }
  }
}

/** A few branches are busy at a time. They move on through all of them. */
function branchOf(number: number): string {
  const index = Math.floor(number / OPERATIONS_PER_STEP) + Math.floor(Math.random() * BUSY_BRANCHES)
  return BRANCHES[index % BRANCHES.length] as string
}
