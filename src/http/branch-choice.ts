/** The branch that a request asked for, and how it did. */
export interface BranchChoice {
  /** `undefined` for the main client. */
  readonly branch: string | undefined
  /** Where the name was found, for the answer to a request for a branch that is not there: `header "X-Branch"`. */
  readonly source?: string
  /**
   * What to do if there is no such branch, instead of refusing the request: for a cookie, which outlives the branch that it
   * was set for.
   */
  readonly stale?: {
    /** The `Set-Cookie` header that takes the cookie away. */
    readonly setCookie: string
    /** What the request asked for besides, `undefined` for the main client. */
    readonly otherwise: BranchChoice | undefined
  }
}

/** A branch's name, or `undefined` for the main client; or a {@link BranchChoice}, such as `fromRequest()` makes. */
export type ChosenBranch = string | undefined | BranchChoice

/** How a middleware finds the branch of a request. */
export interface RequestOptions<Request, Rest extends unknown[] = []> {
  /**
   * The branch of a request: `fromRequest({ … })`, or a function of your own. What it throws goes to the framework's error
   * handling.
   */
  branch: (request: Request, ...rest: Rest) => ChosenBranch | Promise<ChosenBranch>
  /**
   * What a branch's name must match before it reaches the `url` option: names come from outside. Default: up to 63 letters,
   * digits, `_`, `-` and `.`, of which the first is a letter or a digit.
   */
  pattern?: RegExp | undefined
}

export const DEFAULT_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/
