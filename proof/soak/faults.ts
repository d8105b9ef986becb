import { setTimeout as delay } from 'node:timers/promises'
import { type Outage, terminateBackends } from '../../demo/outages.ts'
import type { Stage } from '../../demo/stage.ts'
import { FAULT_EVERY } from './scale.ts'

/** Ends every connection of the server now and then. */
export class Faults {
  /** The latest two: an operation that fails now began after all earlier ones. */
  readonly latest: Outage[] = []
  /** Seconds after the start. */
  readonly times: number[] = []
  /** How many connections were ended. */
  backends = 0

  /** Until `goOn` says no. */
  async run(stage: Stage, goOn: () => boolean): Promise<void> {
    const start = performance.now()
    const due = () => performance.now() - start >= (this.times.length + 1) * FAULT_EVERY * 1_000
    while (goOn()) {
      await delay(100)
      if (due() && goOn()) await this.#terminate(stage, start)
    }
  }

  async #terminate(stage: Stage, start: number): Promise<void> {
    const outage: Outage = { kind: 'terminated', from: performance.now(), to: Infinity }
    this.times.push((outage.from - start) / 1_000)
    this.latest.push(outage)
    if (this.latest.length > 2) this.latest.shift()
    this.backends += (await terminateBackends(stage)).backends
    outage.to = performance.now()
  }
}
