// What every subpath for a framework exports besides its middleware.
export type { BranchChoice, ChosenBranch } from './branch-choice.ts'
export type { BranchCookie } from './cookies.ts'
export { fromRequest, type RequestSources } from './from-request.ts'
export type { BranchedClient } from './request-units.ts'
