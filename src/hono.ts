import type { Context, MiddlewareHandler } from 'hono'
import type { RequestOptions } from './http/branch-choice.ts'
import { respondInUnit } from './http/fetch-response.ts'
import type { Problem } from './http/problem.ts'
import { type BranchedClient, RequestUnits } from './http/request-units.ts'

export * from './http/exports.ts'

/** Where the branch of a request comes from: the function gets the request itself, and Hono's context. */
export type BranchMiddlewareOptions = RequestOptions<Request, [c: Context]>

/**
 * Hono middleware that makes a unit of work of each request: whatever is done on `prisma` in what comes after it, in
 * handlers, streams and error handlers, goes to the request's branch. The unit ends when the body of the response is
 * produced, or the request is aborted.
 *
 * A branch that is not there is answered with status 400 and problem details (RFC 9457), unless a cookie named it; so is a
 * request that names none, where `main` says that it may not be the main client's.
 *
 * @example app.use(branchMiddleware(prisma, { branch: fromRequest({ header: 'X-Branch' }) }))
 * @throws {InvalidOptionError} at once, on a client without branches or a bad option
 */
export function branchMiddleware(prisma: BranchedClient, options: BranchMiddlewareOptions): MiddlewareHandler {
  const units = new RequestUnits(prisma, options)
  return async (c, next) => {
    const respond = async () => {
      await next()
      return c.res
    }
    const refuse = ({ status, contentType, body }: Problem) => c.body(body, status, { 'Content-Type': contentType })
    const response = await respondInUnit(units, { request: c.req.raw, respond, refuse }, c)
    // Otherwise Hono would make one more response, and put the cookies of the one before into it in place of ours.
    c.res = undefined
    c.res = response
  }
}
