import { pause, whose } from '../../postgres/kit.ts'
import type { Client } from './application.ts'

/** What `/stream` sends: a line of `whose` every 20 ms until `ms` after the first, each read when it is asked for. */
export async function* lines(prisma: Client, ms: number): AsyncGenerator<string> {
  let end: number | undefined
  do {
    yield `${JSON.stringify({ branch: await whose(prisma) })}\n`
    end ??= performance.now() + ms
    await pause(20)
  } while (performance.now() < end)
}
