import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ConnectionCounter } from './connection-counter.ts'
import type { Span } from './ledger.ts'
import type { Stage } from './stage.ts'

/** When connections were cut, from outside. */
export interface Outage extends Span {
  kind: 'terminated' | 'restarted'
}

/** Ends every connection; over when the server has none of them any more. */
export async function terminateBackends({ server }: Stage): Promise<Outage & { backends: number }> {
  const from = performance.now()
  const backends = await server.terminateAll()
  return { kind: 'terminated', from, to: await over(), backends }
}

/** When the event loop, which the requests share with the demo, has had the news. */
async function over(): Promise<number> {
  await nextTurn()
  return performance.now()
}

export async function restartServer({ server, signal }: Stage, counter: ConnectionCounter): Promise<Outage> {
  let from = 0
  await counter.pauseDuring(() => {
    from = performance.now()
    return Promise.race([server.restart(), abandoned(signal)])
  })
  return { kind: 'restarted', from, to: await over() }
}

/** How long a restart that is under way when the play has to stop may take to end. */
const PATIENCE = 1_500

/** A server that a Ctrl-C in the terminal has stopped first is waited for in vain: its exit has been. */
function abandoned(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => setTimeout(() => reject(signal.reason), PATIENCE), { once: true })
  })
}
