import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { RequestOptions } from './http/branch-choice.ts'
import { callNext } from './http/call-next.ts'
import { addHeaders, responseEnd } from './http/node-response.ts'
import type { Problem } from './http/problem.ts'
import { type BranchedClient, RequestUnits } from './http/request-units.ts'

export * from './http/exports.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The branch of the request, `undefined` for the main client. Set by `branchPlugin`. */
    branch: string | undefined
  }
}

/** The client, and where the branch of a request comes from. */
export interface BranchPluginOptions extends RequestOptions<FastifyRequest> {
  /** Extended by `branches()`. */
  prisma: BranchedClient
}

/** The innermost registration for each client, of a scope and, through its prototype, of the scopes around it. */
interface Scope {
  [registered]?: ReadonlyMap<BranchedClient, object>
}

/** Known to all copies of the package: one that is registered within another is the inner one all the same. */
const registered: unique symbol = Symbol.for('prisma-extension-branches/fastify-registrations/1')

/**
 * Fastify plugin that makes a unit of work of each request: whatever is done on `prisma` in hooks after it, body parsers,
 * handlers, streams, listeners of the request and error handlers, goes to the request's branch. The unit ends when the
 * response is sent or its client is gone; that of a WebSocket when it closes.
 *
 * It applies to the scope that it is registered in, and those within; registered again in one of them for the same client,
 * the inner registration applies there, and the outer does not. `request.branch` is the name of the request's branch.
 *
 * A branch that is not there is answered with status 400 and problem details (RFC 9457), unless a cookie named it; so is a
 * request that names none, where `main` says that it may not be the main client's.
 *
 * @example await app.register(branchPlugin, { prisma, branch: fromRequest({ header: 'X-Branch' }) })
 * @throws {InvalidOptionError} from `register`, on a client without branches or a bad option
 */
export const branchPlugin: FastifyPluginAsync<BranchPluginOptions> = async (
  scope: FastifyInstance & Scope,
  options,
) => {
  const { prisma } = options
  const units = new RequestUnits(prisma, options)
  scope[registered] = new Map(scope[registered]).set(prisma, units)
  if (!scope.hasRequestDecorator('branch')) scope.decorateRequest('branch', undefined)

  scope.addHook('onRequest', (request, reply, next) => {
    const { [registered]: innermost } = request.server as FastifyInstance & Scope
    if (innermost?.get(prisma) !== units) return next()
    units
      .run(request, async ({ branch, setCookie, vary }) => {
        const ended = responseEnd(request.raw, reply.raw)
        request.branch = branch
        if (setCookie !== undefined) reply.header('Set-Cookie', setCookie)
        addHeaders(reply.raw, { setCookie: undefined, vary })
        callNext(next)
        await ended
      })
      .then((problem) => problem && sendProblem(reply, problem))
      .catch((error: Error) => callNext(() => next(error)))
  })
}

// What fastify-plugin does: hooks and decorators belong to the scope that the plugin is registered in, not to one of its own.
const name = 'prisma-extension-branches'
Object.assign(branchPlugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: name,
  [Symbol.for('plugin-meta')]: { name, fastify: '5.x' },
})

function sendProblem(reply: FastifyReply, { status, contentType, body, setCookie, vary }: Problem): void {
  if (setCookie !== undefined) reply.header('Set-Cookie', setCookie)
  addHeaders(reply.raw, { setCookie: undefined, vary })
  // Nobody else closes the socket of a WebSocket that is refused before @fastify/websocket has seen it.
  if (reply.request.headers.upgrade !== undefined)
    reply.raw.once('finish', () => reply.request.raw.socket.destroySoon())
  // To a string, Fastify would add a charset, which this type does not have.
  reply.code(status).header('Content-Type', contentType).send(Buffer.from(body))
}
