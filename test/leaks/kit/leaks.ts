import type { SqlDriverAdapter } from '../../../src/driver/driver-adapter.ts'

const kept = new Map<number, SqlDriverAdapter>()

/** Mistakes that a library of this kind could make at each swap; each keeps what it was given for ever. */
export const leaks = {
  adapter(adapter: SqlDriverAdapter) {
    kept.set(kept.size, adapter)
  },
  listener() {
    process.on('beforeExit', () => {})
  },
  nodeTimer() {
    setTimeout(() => {}, 2 ** 31 - 1).unref()
  },
} satisfies Record<string, (adapter: SqlDriverAdapter) => void>
