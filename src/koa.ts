import type { Context, Middleware } from 'koa'
import type { RequestOptions } from './http/branch-choice.ts'
import { addHeaders, responseEnd } from './http/node-response.ts'
import type { Problem } from './http/problem.ts'
import { type BranchedClient, RequestUnits } from './http/request-units.ts'
import { bindMethod } from './units/bound-method.ts'
import { bindValue } from './units/bound-value.ts'
import { UnitOfWork } from './units/unit-of-work.ts'

export * from './http/exports.ts'

/** Where the branch of a request comes from. `branch` is called with Koa's context. */
export type BranchMiddlewareOptions = RequestOptions<Context>

/**
 * Koa middleware that makes a unit of work of each request: whatever is done on `prisma` in what comes after it, in
 * middleware, in a stream given as `ctx.body`, in listeners of the request and in error handlers, goes to the request's
 * branch. The unit ends when the response is sent or its client is gone, which is after all middleware is done.
 *
 * A branch that is not there is answered with status 400 and problem details (RFC 9457), unless a cookie named it; so is a
 * request that names none, where `main` says that it may not be the main client's.
 *
 * @example app.use(branchMiddleware(prisma, { branch: fromRequest({ header: 'X-Branch' }) }))
 * @throws {InvalidOptionError} at once, on a client without branches or a bad option
 */
export function branchMiddleware(prisma: BranchedClient, options: BranchMiddlewareOptions): Middleware {
  const units = new RequestUnits(prisma, options)
  return (context, next) =>
    // Koa sends the response when this resolves, and the unit ends when the response does: two ends, not one.
    new Promise<void>((resolve, reject) => {
      const run = units.run(context, async (entered) => {
        const ended = responseEnd(context.req, context.res)
        addHeaders(context.res, entered)
        resolve(goOn(context, next))
        await ended
      })
      const refuse = (problem: Problem) => {
        addHeaders(context.res, problem)
        context.status = problem.status
        context.set('Content-Type', problem.contentType)
        context.body = problem.body
      }
      run
        .then((problem) => {
          if (problem !== undefined) refuse(problem)
          resolve()
        })
        .catch(reject)
    })
}

async function goOn(context: Context, next: () => Promise<unknown>): Promise<void> {
  try {
    await next()
  } finally {
    bindContext(context)
  }
}

/** What Koa does after the middleware, it does outside of the unit: sending the body, and reporting errors to the application. */
function bindContext(context: Context): void {
  const unit = UnitOfWork.current()
  if (unit === undefined) return
  const bound = bindValue(context.body, unit)
  if (bound !== context.body) context.body = bound
  bindMethod(context, 'onerror', unit)
}
