import type { Branches, RetireReason } from '../src/index.ts'
import { count } from './format.ts'

/** What the extension does with its clients: from its statistics, and from its events. */
export class ClientWatch {
  opened = 0
  closed = 0
  probes = 0
  failedProbes = 0
  /** At max-age, with work in flight, which went on while the next client took over. */
  replacedInUse = 0
  readonly retired = new Map<RetireReason, number>()
  readonly #branches: Branches

  constructor(branches: Branches) {
    this.#branches = branches
    branches
      .on('opened', () => this.opened++)
      .on('closed', () => this.closed++)
      .on('retired', ({ reason, inFlight }) => {
        this.retired.set(reason, (this.retired.get(reason) ?? 0) + 1)
        if (reason === 'max-age' && inFlight > 0) this.replacedInUse++
      })
      .on('probed', ({ ok }) => {
        this.probes++
        if (!ok) this.failedProbes++
      })
  }

  get evicted(): number {
    return this.retired.get('evicted') ?? 0
  }

  /** A client counts as open from the moment when it starts to connect. */
  now(): { open: number; draining: number } {
    const states = this.#branches.stats().map(({ state }) => state)
    const having = (...which: typeof states) => states.filter((state) => which.includes(state)).length
    return { open: having('opening', 'live'), draining: having('draining', 'closing') }
  }

  summary(): string {
    const reasons = [...this.retired].map(([reason, times]) => `${reason} ${count(times)}`).join(', ')
    return `${count(this.opened, 'client')} opened; retired: ${reasons}; ${count(this.probes, 'probe')}, ${this.failedProbes} failed.`
  }
}
