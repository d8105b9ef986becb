import { Agent } from 'node:http'
import { onTestFinished } from 'vitest'

/** A client's connections, kept for its next requests. They are gone when the test is over. */
export function keepAlive(maxSockets: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets })
  onTestFinished(() => agent.destroy())
  return agent
}
