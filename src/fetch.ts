import type { RequestOptions } from './http/branch-choice.ts'
import { respondInUnit } from './http/fetch-response.ts'
import type { Problem } from './http/problem.ts'
import { type BranchedClient, RequestUnits } from './http/request-units.ts'

export * from './http/exports.ts'

/** Where the branch of a request comes from. The function gets all that the handler gets. */
export type BranchHandlerOptions<R extends Request = Request, Rest extends unknown[] = unknown[]> = RequestOptions<
  R,
  Rest
>

/**
 * Makes a unit of work of each request that a Fetch-style handler answers: Bun's and Deno's servers, Next.js route handlers,
 * Hono's `app.fetch`. Whatever is done on `prisma` in the handler, and in the stream that it answers with, goes to the
 * request's branch. The unit ends when the body of the response is produced, or the request is aborted.
 *
 * A branch that is not there is answered with status 400 and problem details (RFC 9457), unless a cookie named it; so is a
 * request that names none, where `main` says that it may not be the main client's.
 *
 * @example Bun.serve({ fetch: branchHandler(prisma, { branch: fromRequest({ header: 'X-Branch' }) }, handler) })
 * @returns a handler of the same kind
 * @throws {InvalidOptionError} at once, on a client without branches or a bad option
 */
export function branchHandler<R extends Request, Rest extends unknown[]>(
  prisma: BranchedClient,
  // What the handler takes says what the choice of the branch gets, not the other way round.
  options: NoInfer<BranchHandlerOptions<R, Rest>>,
  handler: (request: R, ...rest: Rest) => Response | Promise<Response>,
): (request: R, ...rest: Rest) => Promise<Response> {
  const units = new RequestUnits(prisma, options)
  return (request, ...rest) =>
    respondInUnit(units, { request, respond: () => handler(request, ...rest), refuse }, ...rest)
}

function refuse({ status, contentType, body }: Problem): Response {
  return new Response(body, { status, headers: { 'Content-Type': contentType } })
}
