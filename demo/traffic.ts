import { setTimeout as delay } from 'node:timers/promises'
import { type Cause, causeOf } from './cause.ts'
import type { Ledger } from './ledger.ts'
import { type PlannedRequest, plan } from './planned-request.ts'
import { BRANCHES, PARALLEL_REQUESTS, PATIENCE } from './scale.ts'
import type { Answer } from './work.ts'

/** How much is going on beside the branches that are always in use. */
export interface Pace {
  /** Requests at a time, {@link VISITORS} at most. */
  visitors: number
  /** Branches that are busy at a time. */
  busyBranches: number
}

/** Branches that are in use all the time, by so many requests each, of which the next is sent when one is answered. */
const REGULARS = BRANCHES.slice(0, 4)
const REQUESTS_PER_REGULAR = 2

/** All other requests go round the branches. */
const VISITORS = PARALLEL_REQUESTS - REGULARS.length * REQUESTS_PER_REGULAR

/** Clients come and go, and some stay. */
export const STEADY: Pace = { visitors: VISITORS, busyBranches: 12 }

/** More branches are busy than there is room for. */
export const RUSH: Pace = { visitors: VISITORS, busyBranches: 24 }

/** There is room for all branches that are busy, twice over: nobody has to make room for them. */
export const CALM: Pace = { visitors: 6, busyBranches: 6 }

/** Requests until the next branch takes the place of the first of those that are busy. */
const REQUESTS_PER_STEP = 6

/** One in so many requests goes anywhere: somebody opens an old branch. */
const ANYWHERE = 33

/** What a client does when it is told that the service is unavailable: waits, and asks the same branch again. */
const BACK_OFF = 100

/** Milliseconds after which a visitor who stays away looks whether it is still calm. */
const REST = 20

/** A request that takes longer has failed: it hangs, or else the application would have given up by now. */
const LIMIT = 2 * PATIENCE

/** What an act wants of its requests. */
export interface Demand {
  /** Whether another one is to be sent. */
  goOn(): boolean
  pace(): Pace
}

/** Sends requests, {@link PARALLEL_REQUESTS} at a time, for as long as is wanted, and lets the last ones finish. */
export async function sendTraffic(url: string, act: string, ledger: Ledger, { goOn, pace }: Demand): Promise<void> {
  let number = 0
  let visit = 0
  const worker = async (next: () => string | undefined) => {
    let again: string | undefined
    while (goOn()) {
      const branch = again ?? next()
      if (branch === undefined) {
        await delay(REST)
        continue
      }
      const request = plan(act, number++, branch)
      const from = performance.now()
      const outcome = await send(url, request)
      ledger.record(request, outcome, { from, to: performance.now() })
      again = 'message' in outcome ? branch : undefined
      if (again !== undefined && goOn()) await delay(BACK_OFF)
    }
  }
  const regulars = REGULARS.flatMap((branch) => Array.from({ length: REQUESTS_PER_REGULAR }, () => () => branch))
  const visitors = Array.from({ length: VISITORS }, (_, visitor) => () => {
    const { busyBranches, visitors } = pace()
    return visitor < visitors ? branchFor(visit++, busyBranches) : undefined
  })
  await Promise.all([...regulars, ...visitors].map(worker))
}

/** A few branches are busy at a time. They move on through all of them, and miss none. */
function branchFor(visit: number, busyBranches: number): string {
  const random = (count: number) => Math.floor(Math.random() * count)
  let index = Math.floor(visit / REQUESTS_PER_STEP)
  if (visit % REQUESTS_PER_STEP !== 0) {
    index = visit % ANYWHERE === 0 ? random(BRANCHES.length) : index + random(busyBranches)
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
