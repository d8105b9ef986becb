import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { collect } from '../test/leaks/kit/census.ts'

// So that a benchmark needs no flag of Node's.
setFlagsFromString('--expose-gc')
globalThis.gc ??= runInNewContext('gc') as NonNullable<typeof gc>

/** Bytes in use, when everything that can be collected has been. */
export interface Memory {
  heap: number
  /** Outside of the heap, as far as Node counts it: buffers, and the memory of WebAssembly. */
  external: number
  /** Of the whole process. */
  rss: number
}

export async function memoryInUse(): Promise<Memory> {
  await collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed, external, rss }
}

/** What each of `count` things costs that were made between two measurements. */
export function memoryOfEach(before: Memory, after: Memory, count: number): Memory {
  return {
    heap: (after.heap - before.heap) / count,
    external: (after.external - before.external) / count,
    rss: (after.rss - before.rss) / count,
  }
}
