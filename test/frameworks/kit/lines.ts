import { pause, whose } from '../../postgres/kit.ts'
import type { Client } from './application.ts'

/** What `/stream` sends: so many lines of `whose`, or fewer if it is `over` before, each read when it is asked for. */
export async function* lines(prisma: Client, count: number, over = () => false): AsyncGenerator<string> {
  for (let sent = 0; sent < count && !over(); sent++) {
    yield `${JSON.stringify({ branch: await whose(prisma) })}\n`
    await pause(20)
  }
}
