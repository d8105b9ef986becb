import { connect } from './client.ts'
import { WORKERS } from './scale.ts'
import { Itinerary, pickOperation, WrongBranchError } from './traffic.ts'

/** What a process of the fleet is told. */
export interface Orders {
  /** Of PostgreSQL or of the pooler, as the administrator. */
  url: string
  seconds: number
  /** Makes the titles of this process its own. */
  run: string
  member: number
}

/** What it says, ten times a second and at the end. */
export interface Progress {
  operations: number
  failures: number
}

export interface Result extends Progress {
  causes: [cause: string, times: number][]
  wrongBranch: number
  /** Milliseconds of each operation. */
  latencies: number[]
  written: string[]
  branchesServed: number
  poolsOpened: number
}

export type Message = { progress: Progress } | { result: Result }

/** An application like any other, with work for it. When that is done, nothing may keep this process alive. */
async function work({ url, seconds, run, member }: Orders): Promise<Result> {
  const prisma = connect(url)
  const causes = new Map<string, number>()
  const latencies: number[] = []
  const written: string[] = []
  const served = new Set<string>()
  let [failures, wrongBranch, poolsOpened, count] = [0, 0, 0, 0]
  const fail = (error: unknown) => {
    failures++
    if (error instanceof WrongBranchError) wrongBranch++
    const cause = causeOf(error)
    causes.set(cause, (causes.get(cause) ?? 0) + 1)
  }
  prisma.$branches
    .on('opened', () => poolsOpened++)
    .on('drainTimedOut', () => fail(new Error('a drain took too long')))
    .on('closeFailed', ({ error }) => fail(error))

  const until = performance.now() + seconds * 1_000
  const itinerary = new Itinerary()
  const worker = async () => {
    for (;;) {
      const branch = performance.now() < until ? itinerary.next() : itinerary.last()
      if (branch === undefined) return
      const operation = pickOperation()
      const title = `${branch}/${run}/${member}-${++count}`
      const start = performance.now()
      try {
        written.push(...(await prisma.$withBranch(branch, () => operation(prisma, branch, title))))
        served.add(branch)
      } catch (error) {
        fail(error)
      }
      latencies.push(performance.now() - start)
    }
  }
  const reporting = setInterval(() => tell({ progress: { operations: latencies.length, failures } }), 100)
  await Promise.all(Array.from({ length: WORKERS }, worker))
  clearInterval(reporting)
  await prisma.$disconnect()
  const operations = latencies.length
  const branchesServed = served.size
  return { operations, failures, causes: [...causes], wrongBranch, latencies, written, branchesServed, poolsOpened }
}

/** An error's code, and the last line of its message: Prisma's begin with where it was called. */
function causeOf(error: unknown): string {
  const { code = '', message = String(error) } = error as { code?: string; message?: string }
  return `${code} ${message.trim().split('\n').at(-1)}`.trim()
}

function tell(message: Message): Promise<void> {
  return new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()))
}

process.once('message', async (orders: Orders) => {
  await tell({ result: await work(orders) })
  process.disconnect()
})
// Whoever started this process is gone.
process.once('disconnect', () => process.exit())
