import type { Route } from './work.ts'

export interface PlannedRequest {
  branch: string
  route: Route
  /** Of the post that it writes. It names the branch, so that a row in the wrong place shows. */
  title: string
}

/** Six in ten requests read, three write, and one has an interactive transaction. */
export function plan(act: string, number: number, branch: string): PlannedRequest {
  const digit = number % 10
  if (digit === 9) return { branch, route: 'POST /publications', title: `${branch}/${act}/publication/${number}` }
  return { branch, route: digit % 3 === 2 ? 'POST /posts' : 'GET /posts', title: `${branch}/${act}/post/${number}` }
}
