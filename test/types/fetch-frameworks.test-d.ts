import { PrismaPg } from '@prisma/adapter-pg'
import fastify, { type FastifyRequest } from 'fastify'
import { type Context, Hono } from 'hono'
import { describe, expectTypeOf, test } from 'vitest'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { branchPlugin, fromRequest } from '../../src/fastify.ts'
import { branchHandler } from '../../src/fetch.ts'
import { branchMiddleware } from '../../src/hono.ts'
import { branches } from '../../src/index.ts'

const adapter = new PrismaPg({ connectionString: 'postgresql://localhost/app' })
const plain = new PrismaClient({ adapter })
const prisma = plain.$extends(branches({ adapter: () => adapter, client: () => plain }))
const branch = fromRequest({ header: 'X-Branch' })

describe('branchPlugin', () => {
  const app = fastify()

  test('takes a client with branches, and the choice of one', () => {
    app.register(branchPlugin, { prisma, branch })
    app.register(branchPlugin, { prisma, branch, pattern: /^[a-z]+$/ })
    app.register(branchPlugin, {
      prisma,
      branch: async (request) => {
        expectTypeOf(request).toEqualTypeOf<FastifyRequest>()
        return request.hostname === 'a' ? 'a' : undefined
      },
    })
  })

  test('types request.branch', () => {
    app.get('/', async (request) => {
      expectTypeOf(request.branch).toEqualTypeOf<string | undefined>()
    })
  })

  test('refuses wrong clients, names and types', () => {
    // @ts-expect-error a client without branches
    app.register(branchPlugin, { prisma: plain, branch })
    // @ts-expect-error the choice of a branch is needed
    app.register(branchPlugin, { prisma })
    // @ts-expect-error a function of the request
    app.register(branchPlugin, { prisma, branch: 'a' })
    // @ts-expect-error a name is a string
    app.register(branchPlugin, { prisma, branch: () => 1 })
    // @ts-expect-error no such option
    app.register(branchPlugin, { prisma, branch, header: 'X-Branch' })
  })
})

describe('branchMiddleware() of Hono', () => {
  test('gives the choice of a branch the request and the context', () => {
    new Hono().use(branchMiddleware(prisma, { branch }))
    branchMiddleware(prisma, {
      branch: (request, c) => {
        expectTypeOf(request).toEqualTypeOf<Request>()
        expectTypeOf(c).toEqualTypeOf<Context>()
        return c.req.param('tenant')
      },
    })
  })

  test('keeps the types of the routes after it', () => {
    new Hono<{ Variables: { user: string } }>().use(branchMiddleware(prisma, { branch })).get('/', (c) => {
      expectTypeOf(c.get('user')).toEqualTypeOf<string>()
      return c.text('x')
    })
  })

  test('refuses wrong clients and types', () => {
    // @ts-expect-error a client without branches
    branchMiddleware(plain, { branch })
    // @ts-expect-error without options
    branchMiddleware(prisma)
    // @ts-expect-error a function of the request
    branchMiddleware(prisma, { branch: 'a' })
  })
})

describe('branchHandler()', () => {
  test('gives back the kind of handler that it is given', () => {
    const handler = branchHandler(prisma, { branch }, (request) => new Response(request.url))
    expectTypeOf(handler).toBeCallableWith(new Request('http://localhost/'))
    expectTypeOf(handler).returns.toEqualTypeOf<Promise<Response>>()

    interface Route {
      params: Promise<{ tenant: string }>
    }
    const routed = branchHandler(
      prisma,
      {
        branch: async (_request, { params }) => {
          expectTypeOf(params).toEqualTypeOf<Promise<{ tenant: string }>>()
          return (await params).tenant
        },
      },
      (_request: Request, _route: Route) => new Response(),
    )
    expectTypeOf(routed).parameters.toEqualTypeOf<[Request, Route]>()
  })

  test('takes the type of the request, and what else there is, from the handler', () => {
    interface NextRequest extends Request {
      nextUrl: URL
    }
    const handler = branchHandler(prisma, { branch }, (request: NextRequest, _route: { params: object }) => {
      return Response.json(request.nextUrl)
    })
    expectTypeOf(handler).parameters.toEqualTypeOf<[NextRequest, { params: object }]>()
  })

  test('refuses wrong clients and handlers', () => {
    // @ts-expect-error a client without branches
    branchHandler(plain, { branch }, () => new Response())
    // @ts-expect-error no response
    branchHandler(prisma, { branch }, () => 'x')
  })
})
