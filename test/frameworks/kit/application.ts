import type { BranchChoice } from '../../../src/http/branch-choice.ts'
import type { RequestLike } from '../../../src/http/from-request.ts'
import type { postgresBranches } from '../../postgres/kit.ts'

/** The application's client: extended by `branches()`. */
export type Client = Awaited<ReturnType<typeof postgresBranches>>['prisma']

/** How the branch of a request is chosen: `fromRequest(…)`. */
export type Choose = (request: RequestLike) => BranchChoice | undefined

/**
 * The application that the behaviour suite talks to, in each framework. Whatever a route reads, it reads with `prisma`, in the
 * way that the framework's users would write it; no route names a branch. `whose` is `{ branch: await whose(prisma) }`.
 *
 * - `GET /whose` answers `whose`; `GET /slow` does so when `slowly` has resolved.
 * - `GET /varies` does so with `Vary: Accept`.
 * - `POST /whose` takes a JSON body with the framework's own body parser and answers `{ branch, sent }`, `sent` being that body.
 * - `POST /listen` reads the request's body by listening to its `data` and `end` events, and queries inside the `end` listener
 *   (frameworks on Fetch: by a reader of its stream).
 * - `GET /throws` throws synchronously, `GET /rejects` returns a promise that rejects. The framework's error handler answers with
 *   status 500 and `whose`, read inside the handler.
 * - `GET /stream?lines=N` streams `streamed(N)`: lines of `whose` as JSON, each from a query of its own made as the stream is
 *   read. N may be `Infinity`.
 * - `GET /late?ms=N` answers at once, and queries N milliseconds after the answer: `late` is called with what it read, or the error.
 * - WebSocket at `/socket`: answers each message, which is a branch's name, with `whose` of that branch (`$withBranch`).
 */
export interface Application {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** Stops accepting, waits for what is in flight, and closes WebSockets. Does not disconnect the client. */
  close(): Promise<void>
}

export interface ApplicationParts {
  readonly prisma: Client
  readonly branch: Choose
  slowly(): Promise<void>
  streamed(lines: number): AsyncGenerator<string>
  /** The option of the middleware. */
  readonly main?: boolean | undefined
  late(read: { branch: string } | { error: unknown }): void
}

export type StartApplication = (parts: ApplicationParts) => Promise<Application>
