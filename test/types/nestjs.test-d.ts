import type { IncomingMessage } from 'node:http'
import type { INestApplication } from '@nestjs/common'
import { Controller, Inject } from '@nestjs/common'
import { PrismaPg } from '@prisma/adapter-pg'
import type { Request } from 'express'
import { describe, expectTypeOf, test } from 'vitest'
import { PrismaClient, type User } from '../../generated/postgres/client.ts'
import { branches } from '../../src/index.ts'
import { BranchesModule, type BranchesModuleOptions, ClientToken, fromRequest } from '../../src/nestjs.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'

function createPrisma(connectionString: string) {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) }).$extends(
    branches({
      url: (branch) => schemaUrl(connectionString, `branch_${branch}`),
      adapter: schemaAdapter(PrismaPg),
      client: (adapter) => new PrismaClient({ adapter }),
    }),
  )
  return prisma.$extends({ model: { user: { byEmail: async (email: string) => ({ email, found: true }) } } })
}

class PrismaService extends ClientToken<ReturnType<typeof createPrisma>>() {}

class Config {
  get(name: string) {
    return name
  }
}

const branch = fromRequest({ header: 'X-Branch' })

describe('ClientToken', () => {
  @Controller()
  class Users {
    constructor(@Inject(PrismaService) readonly prisma: PrismaService) {}
  }
  const { prisma } = {} as Users

  test('keeps the types of models', () => {
    expectTypeOf(prisma.user.findMany()).resolves.toEqualTypeOf<User[]>()
    const selected = prisma.user.findMany({ select: { email: true, posts: { select: { title: true } } } })
    expectTypeOf(selected).resolves.toEqualTypeOf<{ email: string; posts: { title: string }[] }[]>()
    // @ts-expect-error no such field
    prisma.user.findMany({ where: { nope: 1 } })
    // @ts-expect-error no such model
    prisma.comment
  })

  test('keeps extensions, raw SQL and transactions', () => {
    expectTypeOf(prisma.user.byEmail('a')).resolves.toEqualTypeOf<{ email: string; found: boolean }>()
    expectTypeOf(prisma.$queryRaw<{ one: 1 }[]>`SELECT 1 AS one`).resolves.toEqualTypeOf<{ one: 1 }[]>()
    const interactive = prisma.$transaction(async (tx) => (await tx.user.create({ data: { email: 'a' } })).id)
    expectTypeOf(interactive).resolves.toEqualTypeOf<number>()
    // @ts-expect-error a transaction stays on its branch
    prisma.$transaction((tx) => tx.$branch('b').user.count())
  })

  test('keeps $branch, $withBranch and $branches', () => {
    expectTypeOf(prisma.$branch('b')).toEqualTypeOf<PrismaService>()
    expectTypeOf(prisma.$branch('b').user.byEmail('a')).resolves.toEqualTypeOf<{ email: string; found: boolean }>()
    expectTypeOf(prisma.$withBranch('b', () => prisma.user.count())).resolves.toEqualTypeOf<number>()
    expectTypeOf(prisma.$branches.close('b')).resolves.toEqualTypeOf<void>()
  })

  test('is the client where one is wanted, and what the application gives for it', () => {
    expectTypeOf(prisma).toExtend<ReturnType<typeof createPrisma>>()
    expectTypeOf<ReturnType<typeof createPrisma>>().toExtend<PrismaService>()
    expectTypeOf(({} as INestApplication).get(PrismaService)).toEqualTypeOf<PrismaService>()
  })
})

describe('BranchesModule', () => {
  const main = new PrismaClient({ adapter: new PrismaPg({ connectionString: '' }) })

  test('takes the client that the token stands for', () => {
    BranchesModule.forRoot({ provide: PrismaService, prisma: createPrisma(''), branch })
    BranchesModule.forRoot({
      provide: PrismaService,
      prisma: createPrisma(''),
      branch,
      pattern: /^\w+$/,
      isGlobal: false,
    })
    BranchesModule.forRoot({ provide: PrismaService, prisma: createPrisma(''), branch, pattern: undefined })
    BranchesModule.forRoot({ provide: PrismaService, prisma: createPrisma(''), branch, main: true })
    // @ts-expect-error it may or may not
    BranchesModule.forRoot({ provide: PrismaService, prisma: createPrisma(''), branch, main: 'yes' })
    // @ts-expect-error it has no branches
    BranchesModule.forRoot({ provide: PrismaService, prisma: main, branch })
    // @ts-expect-error it is not said what the client is injected as
    BranchesModule.forRoot({ prisma: createPrisma(''), branch })
    // @ts-expect-error it is not said what the branch of a request is
    BranchesModule.forRoot({ provide: PrismaService, prisma: createPrisma('') })
    BranchesModule.forRoot({
      provide: class Other extends ClientToken<ReturnType<typeof createPrisma> & { other: string }>() {},
      // @ts-expect-error it is another client
      prisma: createPrisma(''),
      branch,
    })
  })

  test('takes a factory, or a class that makes the options', () => {
    BranchesModule.forRootAsync({
      provide: PrismaService,
      inject: [Config],
      useFactory: (config: Config) => ({ prisma: createPrisma(config.get('DATABASE_URL')), branch }),
    })
    BranchesModule.forRootAsync({
      provide: PrismaService,
      useFactory: async () => ({ prisma: createPrisma(''), branch, pattern: /^\w+$/ }),
    })
    BranchesModule.forRootAsync({
      provide: PrismaService,
      // @ts-expect-error the client has no branches
      useFactory: () => ({ prisma: main, branch }),
    })
    class Options {
      createBranchesOptions(): BranchesModuleOptions<PrismaService> {
        return { prisma: createPrisma(''), branch }
      }
    }
    BranchesModule.forRootAsync({ provide: PrismaService, useClass: Options })
    BranchesModule.forRootAsync({ provide: PrismaService, useExisting: Options })
    // @ts-expect-error it makes no options
    BranchesModule.forRootAsync({ provide: PrismaService, useClass: Config })
  })

  test("takes a function of the platform's request", () => {
    const prisma = createPrisma('')
    BranchesModule.forRoot({ provide: PrismaService, prisma, branch: (request) => request.headers.host })
    BranchesModule.forRoot({ provide: PrismaService, prisma, branch: ({ originalUrl }) => originalUrl })
    BranchesModule.forRoot({ provide: PrismaService, prisma, branch: ({ url }: IncomingMessage) => url })
    BranchesModule.forRoot({ provide: PrismaService, prisma, branch: async (request: Request) => request.hostname })
    BranchesModule.forRootAsync({
      provide: PrismaService,
      useFactory: () => ({ prisma, branch: (request: Request) => request.hostname }),
    })
    // @ts-expect-error a branch is a string
    BranchesModule.forRoot({ provide: PrismaService, prisma, branch: () => 1 })
  })
})
