import type { BranchErrorCode } from '../settings/errors.ts'
import type { BranchChoice } from './branch-choice.ts'

/** The answer to a request that named a branch which is not there: problem details in JSON (RFC 9457). */
export interface Problem {
  readonly status: 400
  readonly contentType: 'application/problem+json'
  readonly body: string
}

/** Names in an answer are cut: nobody reads a header of 16 kB. */
const LONGEST_SHOWN = 80

export function unknownBranch({ branch = '', source }: BranchChoice, code: BranchErrorCode): Problem {
  const name = JSON.stringify(branch.length > LONGEST_SHOWN ? `${branch.slice(0, LONGEST_SHOWN)}…` : branch)
  const details = {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    // Not the error's own message: what the url option threw is not for the outside.
    detail: source === undefined ? `There is no branch ${name}` : `There is no branch ${name}, as named by ${source}`,
    code,
  }
  return { status: 400, contentType: 'application/problem+json', body: JSON.stringify(details) }
}
