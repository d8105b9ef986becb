/** The branch that a request asked for, and how it did. */
export interface BranchChoice {
  /** `undefined` or `null` if the request names none, and so is the main client's. */
  readonly branch: string | undefined | null
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
    readonly otherwise: BranchChoice | undefined | null
  }
  /**
   * The headers of the request that the branch was chosen by, present or not: `['X-Branch', 'Cookie']`. The response says
   * so in `Vary`, so that no cache answers for another branch.
   */
  readonly vary?: readonly string[]
}

/**
 * A branch's name, or `undefined` for the main client; or a {@link BranchChoice}, such as `fromRequest()` makes. `null` is
 * what Fetch's `headers.get()` says of a header that is not there, and like `undefined`; an empty name is the name of none.
 */
export type ChosenBranch = string | undefined | null | BranchChoice

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
  /**
   * Whether a request that names no branch may be the main client's. If not, it is answered with status 400 and the code
   * `BRANCH_REQUIRED`. Default: `false` for a client made with `requireBranch`, `true` for others.
   */
  main?: boolean | undefined
}

export const DEFAULT_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/
