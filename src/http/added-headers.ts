/** What the middleware adds to the response, whoever makes it. */
export interface AddedHeaders {
  /** A `Set-Cookie` header: the cookie named a branch that is gone. */
  readonly setCookie: string | undefined
  /** For the `Vary` header: the headers of the request that the branch was chosen by. */
  readonly vary: readonly string[]
}
