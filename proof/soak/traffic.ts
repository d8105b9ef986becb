import { setTimeout as delay } from 'node:timers/promises'
import type { Answer, Work } from '../../demo/work.ts'
import type { Faults } from './faults.ts'
import { BRANCHES, LONGEST_SILENCE, MAX_AGE, SILENCE, SILENCE_EVERY, WORKERS } from './scale.ts'
import type { Tally } from './tally.ts'
import { kindOf } from './work.ts'

/** Does work on a branch. */
export type Serve = (branch: string, work: Work) => Promise<Answer>

/** Milliseconds between two operations of one worker. */
const PAUSE = 10

/**
 * Branches that are busy at a time, and milliseconds until the next one takes the place of the first. Time and not
 * operations, so that on the fastest machine each is busy for longer than its pool may live.
 */
const BUSY_BRANCHES = 8
const STEP = MAX_AGE / 2

/** Works on branches, {@link WORKERS} operations at a time, with a silence now and then. */
export class Traffic {
  #number = 0
  /** When the traffic began that goes on now, or went on before the silence. */
  #start = performance.now()
  readonly #first = performance.now()

  /** Whether nobody is to work at the moment. */
  get silent(): boolean {
    return this.#phase >= SILENCE_EVERY
  }

  /** @returns whether the silence has come to its end: all connections are closed, or never will be */
  silenceIsOver(connections: number): boolean {
    if (this.#phase >= SILENCE_EVERY + LONGEST_SILENCE) return true
    return connections === 0 && this.#phase >= SILENCE_EVERY + SILENCE - 1
  }

  endSilence(): void {
    this.#start = performance.now()
  }

  get #phase(): number {
    return (performance.now() - this.#start) / 1_000
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
    const branch = branchAfter(performance.now() - this.#first)
    const from = performance.now()
    try {
      tally.succeeded(branch, await serve(branch, kindOf(number).work(`${branch}/${number}`)))
    } catch (error) {
      tally.broke(branch, error, { from, to: performance.now() }, faults.latest)
    }
  }
}

/** A few branches are busy at a time. They move on through all of them. */
function branchAfter(milliseconds: number): string {
  const index = Math.floor(milliseconds / STEP) + Math.floor(Math.random() * BUSY_BRANCHES)
  return BRANCHES[index % BRANCHES.length] as string
}
