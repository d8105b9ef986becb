import type { Request, RequestHandler } from 'express'
import type { RequestOptions } from './http/branch-choice.ts'
import { nodeMiddleware } from './http/node-middleware.ts'
import type { BranchedClient } from './http/request-units.ts'

export * from './http/exports.ts'

/** Where the branch of a request comes from. */
export type BranchMiddlewareOptions = RequestOptions<Request>

/**
 * Express middleware that makes a unit of work of each request: whatever is done on `prisma` in what comes after it, in
 * handlers, streams, listeners of the request and error handlers, goes to the request's branch. The unit ends when the
 * response is sent or its client is gone.
 *
 * A branch that is not there is answered with status 400 and problem details (RFC 9457), unless a cookie named it; so is a
 * request that names none, where `main` says that it may not be the main client's.
 *
 * @example app.use(branchMiddleware(prisma, { branch: fromRequest({ header: 'X-Branch' }) }))
 * @throws {InvalidOptionError} at once, on a client without branches or a bad option
 */
export function branchMiddleware(prisma: BranchedClient, options: BranchMiddlewareOptions): RequestHandler {
  return nodeMiddleware(prisma, options)
}
