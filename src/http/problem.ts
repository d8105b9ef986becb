import type { BranchErrorCode } from '../settings/errors.ts'
import type { AddedHeaders } from './added-headers.ts'
import type { BranchChoice } from './branch-choice.ts'

/** The answer to a request that named a branch which is not there, or named none where it has to: problem details in JSON (RFC 9457). */
export interface Problem extends AddedHeaders {
  readonly status: 400
  readonly contentType: 'application/problem+json'
  readonly body: string
}

/** Names in an answer are cut: nobody reads a header of 16 kB. */
const LONGEST_SHOWN = 80

export function unknownBranch(choice: BranchChoice, code: BranchErrorCode, headers: AddedHeaders): Problem {
  const { source } = choice
  const branch = choice.branch ?? ''
  const name = JSON.stringify(branch.length > LONGEST_SHOWN ? `${branch.slice(0, LONGEST_SHOWN)}…` : branch)
  // Not the error's own message: what the url option threw is not for the outside.
  const detail = `There is no branch ${name}${source === undefined ? '' : `, as named by ${source}`}`
  return problem(detail, code, headers)
}

export function branchRequired(headers: AddedHeaders): Problem {
  return problem('The request names no branch', 'BRANCH_REQUIRED', headers)
}

function problem(detail: string, code: BranchErrorCode, headers: AddedHeaders): Problem {
  const details = { type: 'about:blank', title: 'Bad Request', status: 400, detail, code }
  return { ...headers, status: 400, contentType: 'application/problem+json', body: JSON.stringify(details) }
}
