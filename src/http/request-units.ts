import { describe } from '../settings/describe.ts'
import { InvalidBranchNameError, InvalidOptionError, UnknownBranchError } from '../settings/errors.ts'
import type { AddedHeaders } from './added-headers.ts'
import { type BranchChoice, type ChosenBranch, DEFAULT_PATTERN, type RequestOptions } from './branch-choice.ts'
import { branchRequired, type Problem, unknownBranch } from './problem.ts'

/** A client extended by `branches()`, whatever its models. */
export interface BranchedClient {
  $withBranch<R>(branch: string | undefined, work: () => R): Promise<Awaited<R>>
  /** `stats` is there for clients of copies that know nothing of `requireBranch`. */
  readonly $branches?: { readonly requireBranch?: boolean; stats?(): unknown }
}

/** A request that has its branch. */
export interface EnteredRequest extends AddedHeaders {
  /** `undefined` for the main client. */
  readonly branch: string | undefined
}

/** Makes a unit of work of each request. What the middlewares of all frameworks have in common. */
export class RequestUnits<Request, Rest extends unknown[] = []> {
  readonly #client: BranchedClient
  readonly #choose: RequestOptions<Request, Rest>['branch']
  readonly #pattern: RegExp
  readonly #main: boolean

  /** @throws {InvalidOptionError} on a client without branches, or a bad option */
  constructor(client: BranchedClient, options: RequestOptions<Request, Rest>) {
    check(client, options)
    this.#client = client
    this.#choose = options.branch
    this.#pattern = new RegExp(options.pattern ?? DEFAULT_PATTERN)
    this.#main = options.main ?? client.$branches?.requireBranch !== true
  }

  /**
   * Runs `work` as the unit of work of a request, which ends when the promise settles that `work` returns.
   *
   * @returns the answer to a request for a branch that is not there, or for none where main is not to be had; `work` was not
   *   called then
   * @throws what `work` throws, and what choosing the branch or finding its URL threw before
   */
  run(request: Request, work: (entered: EnteredRequest) => Promise<void>, ...rest: Rest): Promise<Problem | undefined> {
    // What waits for the end of the unit does not refer to the request, which may lead to a response that somebody dropped.
    return this.#chosen(request, rest).then((choice) => this.#enter(choice, work))
  }

  async #chosen(request: Request, rest: Rest): Promise<BranchChoice> {
    return toChoice(await this.#choose(request, ...rest))
  }

  async #enter(choice: BranchChoice, work: (entered: EnteredRequest) => Promise<void>): Promise<Problem | undefined> {
    let setCookie: string | undefined
    const { vary = [] } = choice
    for (;;) {
      const branch = choice.branch ?? undefined
      if (branch === undefined && !this.#main) return branchRequired({ setCookie, vary })
      let entered = false
      try {
        this.#checkName(branch)
        await this.#client.$withBranch(branch, () => {
          entered = true
          return work({ branch, setCookie, vary })
        })
        return undefined
      } catch (error) {
        if (entered || !isUnknownBranch(error)) throw error
        if (choice.stale === undefined) return unknownBranch(choice, error.code, { setCookie, vary })
        setCookie = choice.stale.setCookie
        choice = toChoice(choice.stale.otherwise)
      }
    }
  }

  #checkName(branch: string | undefined): void {
    // With the g or y flag, a pattern would go on where it stopped in the name before.
    this.#pattern.lastIndex = 0
    if (branch === undefined || this.#pattern.test(branch)) return
    throw new InvalidBranchNameError(`The branch's name does not match ${this.#pattern}, the pattern option`)
  }
}

const MAIN: BranchChoice = { branch: undefined }

/** @throws {InvalidOptionError} on anything else: a request whose branch cannot be told must not become main's */
function toChoice(chosen: ChosenBranch): BranchChoice {
  if (chosen === undefined || chosen === null) return MAIN
  if (typeof chosen === 'string') return { branch: chosen }
  const named: unknown = typeof chosen === 'object' && 'branch' in chosen ? (chosen.branch ?? '') : chosen
  if (typeof named === 'string') return chosen
  throw new InvalidOptionError(
    "The branch option must return a branch's name, { branch } with a name, or undefined or null for none, " +
      `got ${describe(named)}`,
  )
}

function isUnknownBranch(error: unknown): error is UnknownBranchError | InvalidBranchNameError {
  return error instanceof UnknownBranchError || error instanceof InvalidBranchNameError
}

function check(client: BranchedClient, options: { branch: unknown; pattern?: unknown; main?: unknown }): void {
  if (typeof client?.$withBranch !== 'function') {
    throw new InvalidOptionError(
      `The middleware needs a PrismaClient that is extended by branches(), got ${describe(client)} without $withBranch`,
    )
  }
  if (typeof options?.branch !== 'function') {
    throw new InvalidOptionError(
      `branch must be a function of the request, such as fromRequest({ header: 'X-Branch' }), got ${describe(options?.branch)}`,
    )
  }
  if (options.pattern !== undefined && Object.prototype.toString.call(options.pattern) !== '[object RegExp]') {
    throw new InvalidOptionError(`pattern must be a regular expression, got ${describe(options.pattern)}`)
  }
  if (options.main !== undefined && typeof options.main !== 'boolean') {
    throw new InvalidOptionError(`main must be true or false, got ${describe(options.main)}`)
  }
}
