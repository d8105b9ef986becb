import { setTimeout as delay } from 'node:timers/promises'
import { type Cause, causeOf } from './cause.ts'
import type { Ledger } from './ledger.ts'
import { BRANCHES, PARALLEL_REQUESTS } from './scale.ts'
import type { Answer, Route } from './work.ts'

export interface PlannedRequest {
  branch: string
  route: Route
  /** Of the post that it writes. It names the branch, so that a row in the wrong place shows. */
  title: string
}

/** Branches that are busy at a time, and requests until the next one takes the place of the first. */
const BUSY_BRANCHES = 12
const REQUESTS_PER_STEP = 6

/** One in so many requests goes anywhere: somebody opens an old branch. */
const ANYWHERE = 33

/** What a client does when it is told that the service is unavailable: waits, and asks the same branch again. */
const BACK_OFF = 100

/** A request that takes longer has failed. */
const LIMIT = 15_000

/** Sends requests, {@link PARALLEL_REQUESTS} at a time, for as long as `goOn` says, and lets the last ones finish. */
export async function sendTraffic(url: string, act: string, ledger: Ledger, goOn: () => boolean): Promise<void> {
  let number = 0
  let visit = 0
  const worker = async () => {
    let again: string | undefined
    while (goOn()) {
      const request = plan(act, number++, again ?? branchFor(visit++))
      const from = performance.now()
      const outcome = await send(url, request)
      ledger.record(request, outcome, { from, to: performance.now() })
      again = 'message' in outcome ? request.branch : undefined
      if (again !== undefined && goOn()) await delay(BACK_OFF)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, worker))
}

/** Six in ten requests read, three write, and one has an interactive transaction. */
function plan(act: string, number: number, branch: string): PlannedRequest {
  const digit = number % 10
  if (digit === 9) return { branch, route: 'POST /publications', title: `${branch}/${act}/publication/${number}` }
  return { branch, route: digit % 3 === 2 ? 'POST /posts' : 'GET /posts', title: `${branch}/${act}/post/${number}` }
}

/** A few branches are busy at a time. They move on through all of them, and miss none. */
function branchFor(visit: number): string {
  const random = (count: number) => Math.floor(Math.random() * count)
  let index = Math.floor(visit / REQUESTS_PER_STEP)
  if (visit % REQUESTS_PER_STEP !== 0) {
    index = visit % ANYWHERE === 0 ? random(BRANCHES.length) : index + random(BUSY_BRANCHES)
  }
  return BRANCHES[index % BRANCHES.length] as string
}

async function send(url: string, { branch, route, title }: PlannedRequest): Promise<Answer | Cause> {
  const [method = '', path = ''] = route.split(' ')
  try {
    const response = await fetch(`${url}${path}?title=${encodeURIComponent(title)}`, {
      method,
      headers: { 'x-branch': branch },
      signal: AbortSignal.timeout(LIMIT),
    })
    return (await response.json()) as Answer | Cause
  } catch (error) {
    return causeOf(error)
  }
}
