import 'reflect-metadata'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import {
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  type MessageEvent,
  Module,
  type ModuleMetadata,
  type NestInterceptor,
  type OnApplicationShutdown,
  Param,
  type PipeTransform,
  Req,
  Scope,
  Sse,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { concatMap, from, interval, mergeMap, type Observable, take } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BranchesModule, ClientToken, fromRequest, type PlatformRequest } from '../../src/nestjs.ts'
import { InvalidOptionError } from '../../src/settings/errors.ts'
import { connectionsSettle, pause, postgresBranches, whose } from '../postgres/kit.ts'
import { startNestOnExpress, startNestOnFastify } from './applications/nestjs.ts'
import { behavesAsRequests } from './behaviour.ts'
import type { Client } from './kit/application.ts'
import { get } from './kit/http-client.ts'
import { eventually } from './kit/served.ts'

behavesAsRequests('NestJS on Express', startNestOnExpress)
behavesAsRequests('NestJS on Fastify', startNestOnFastify)

class PrismaService extends ClientToken<Client>() {}

const branch = fromRequest({ header: 'X-Branch' })
const on = (name: string) => ({ headers: { 'X-Branch': name } })

@Controller()
class WhoseController {
  constructor(@Inject(PrismaService) private readonly prisma: PrismaService) {}

  @Get('whose')
  async whose() {
    return { branch: await whose(this.prisma) }
  }

  @Get('slow')
  async slow() {
    await pause(300)
    return { branch: await whose(this.prisma) }
  }

  @Sse('events')
  events(): Observable<MessageEvent> {
    return interval(20).pipe(
      take(5),
      concatMap(async () => ({ data: { branch: await whose(this.prisma) } })),
    )
  }
}

@Injectable()
class Guard implements CanActivate {
  constructor(@Inject(PrismaService) private readonly prisma: PrismaService) {}

  async canActivate(context: ExecutionContext) {
    context.switchToHttp().getRequest().guard = await whose(this.prisma)
    return true
  }
}

@Injectable()
class Interceptor implements NestInterceptor {
  constructor(@Inject(PrismaService) private readonly prisma: PrismaService) {}

  intercept(_context: ExecutionContext, next: CallHandler<object>) {
    return from(whose(this.prisma)).pipe(
      mergeMap((before) =>
        next.handle().pipe(mergeMap(async (body) => ({ ...body, before, after: await whose(this.prisma) }))),
      ),
    )
  }
}

@Injectable()
class Pipe implements PipeTransform {
  constructor(@Inject(PrismaService) private readonly prisma: PrismaService) {}

  async transform(_value: unknown, _metadata: ArgumentMetadata) {
    return await whose(this.prisma)
  }
}

@Injectable({ scope: Scope.REQUEST })
class Repository {
  constructor(@Inject(PrismaService) private readonly prisma: PrismaService) {}

  whose() {
    return whose(this.prisma)
  }
}

@Controller()
@UseGuards(Guard)
@UseInterceptors(Interceptor)
class PartsController {
  constructor(@Inject(Repository) private readonly repository: Repository) {}

  @Get('parts/:pipe')
  async parts(@Req() { guard }: { guard: string }, @Param('pipe', Pipe) pipe: string) {
    return { guard, pipe, repository: await this.repository.whose() }
  }
}

/** The only module of an application: each test has a class of its own. */
function moduleOf(metadata: ModuleMetadata) {
  @Module(metadata)
  class AppModule {}
  return AppModule
}

function create(metadata: ModuleMetadata) {
  return NestFactory.create(moduleOf(metadata), { logger: false, abortOnError: false })
}

async function listening(app: INestApplication) {
  await app.listen(0, '127.0.0.1')
  onTestFinished(() => app.close())
  const { port } = app.getHttpServer().address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

async function serve(metadata: ModuleMetadata) {
  const app = await create({ controllers: [WhoseController], ...metadata })
  return { app, url: await listening(app) }
}

describe('a request in NestJS', () => {
  it('is on its branch in guards, interceptors, pipes and request-scoped providers', async () => {
    const { prisma } = await postgresBranches(['a', 'b'])
    const imports = [BranchesModule.forRoot({ provide: PrismaService, prisma, branch })]
    const providers = [Guard, Interceptor, Pipe, Repository]
    const { url } = await serve({ imports, controllers: [PartsController], providers })
    const names = ['a', 'b', 'a', 'b']
    const answers = await Promise.all(
      names.map(async (name) => JSON.parse((await get(`${url}/parts/1`, on(name))).text)),
    )
    const expected = names.map((name) => ({ guard: name, before: name, pipe: name, repository: name, after: name }))
    expect(answers).toEqual(expected)
  })

  it('is one unit of work until its last server-sent event', async () => {
    const { prisma } = await postgresBranches(['a'], { maxAge: 0 })
    let opened = 0
    prisma.$branches.on('opened', () => opened++)
    const { url } = await serve({ imports: [BranchesModule.forRoot({ provide: PrismaService, prisma, branch })] })
    const { text } = await get(`${url}/events`, on('a'))
    expect(text.match(/^data: .*$/gm)).toEqual(Array.from({ length: 5 }, () => 'data: {"branch":"a"}'))
    expect(opened).toBe(1)
    await eventually(() => prisma.$branches.stats()).toEqual([])
  })

  it('is on its branch under a global prefix, and beside it', async () => {
    const { prisma } = await postgresBranches(['a'])
    const app = await create({
      imports: [BranchesModule.forRoot({ provide: PrismaService, prisma, branch })],
      controllers: [WhoseController],
    })
    app.setGlobalPrefix('api', { exclude: ['slow'] })
    const url = await listening(app)
    expect((await get(`${url}/api/whose`, on('a'))).text).toBe('{"branch":"a"}')
    expect((await get(`${url}/slow`, on('a'))).text).toBe('{"branch":"a"}')
  })

  it.each([
    ['url on Express', () => new ExpressAdapter(), ({ url }: PlatformRequest) => url],
    ['originalUrl on Fastify', () => new FastifyAdapter(), ({ originalUrl }: PlatformRequest) => originalUrl],
  ])('shows its whole address to the branch option: %s', async (_where, adapter, address) => {
    const { prisma } = await postgresBranches(['a'])
    const inPath = (request: PlatformRequest) => address(request)?.replace('/whose?in=', '')
    const imports = [BranchesModule.forRoot({ provide: PrismaService, prisma, branch: inPath, pattern: /^a$/ })]
    const module = moduleOf({ imports, controllers: [WhoseController] })
    const url = await listening(await NestFactory.create(module, adapter(), { logger: false }))
    expect((await get(`${url}/whose?in=a`)).text).toBe('{"branch":"a"}')
    expect(JSON.parse((await get(`${url}/whose`)).text).detail).toBe('There is no branch "/whose"')
  })

  it("gets the exception filters' answer to what the branch option throws", async () => {
    const { prisma } = await postgresBranches([])
    const refuse = () => {
      throw new ForbiddenException('Not yours')
    }
    const imports = [BranchesModule.forRoot({ provide: PrismaService, prisma, branch: refuse })]
    const { url } = await serve({ imports })
    const { status, text } = await get(`${url}/whose`)
    expect([status, JSON.parse(text).message]).toEqual([403, 'Not yours'])
  })
})

describe('BranchesModule', () => {
  it('injects the client itself', async () => {
    const { prisma } = await postgresBranches(['a'])
    const { app } = await serve({ imports: [BranchesModule.forRoot({ provide: PrismaService, prisma, branch })] })
    expect(app.get(PrismaService)).toBe(prisma)
  })

  it('takes its options from a factory with injected providers', async () => {
    const { prisma } = await postgresBranches(['a'])
    class Config {
      readonly header = 'X-Tenant'
    }
    const config = moduleOf({ providers: [Config], exports: [Config] })
    const branches = BranchesModule.forRootAsync({
      provide: PrismaService,
      imports: [config],
      inject: [Config],
      useFactory: async ({ header }: Config) => ({ prisma, branch: fromRequest({ header }), pattern: /^a$/ }),
    })
    const { url } = await serve({ imports: [branches] })
    expect((await get(`${url}/whose`, { headers: { 'X-Tenant': 'a' } })).text).toBe('{"branch":"a"}')
    expect((await get(`${url}/whose`, { headers: { 'X-Tenant': 'b' } })).status).toBe(400)
    expect((await get(`${url}/whose`, on('a'))).text).toBe('{"branch":"main"}')
  })

  it('takes its options from a class', async () => {
    const { prisma } = await postgresBranches(['a'])
    class Options {
      createBranchesOptions() {
        return { prisma, branch }
      }
    }
    const { url } = await serve({
      imports: [BranchesModule.forRootAsync({ provide: PrismaService, useClass: Options })],
    })
    expect((await get(`${url}/whose`, on('a'))).text).toBe('{"branch":"a"}')
  })

  it('gives the client to modules that do not import it, unless it is not global', async () => {
    const { prisma } = await postgresBranches(['a'])
    const users = moduleOf({ controllers: [WhoseController] })
    const options = { provide: PrismaService, prisma, branch }
    const { url } = await serve({ imports: [users, BranchesModule.forRoot(options)], controllers: [] })
    expect((await get(`${url}/whose`, on('a'))).text).toBe('{"branch":"a"}')
    const local = create({ imports: [users, BranchesModule.forRoot({ ...options, isGlobal: false })] })
    await expect(local).rejects.toThrow(/dependencies of the WhoseController \(\?\).*PrismaService/s)
    const imported = await serve({ imports: [BranchesModule.forRoot({ ...options, isGlobal: false })] })
    expect((await get(`${imported.url}/whose`, on('a'))).text).toBe('{"branch":"a"}')
  })

  it('serves two clients side by side, each with a branch of its own', async () => {
    const [left, right] = [await postgresBranches(['a', 'b']), await postgresBranches(['a', 'b'])]
    class Left extends ClientToken<Client>() {}
    class Right extends ClientToken<Client>() {}
    @Controller()
    class Both {
      constructor(
        @Inject(Left) private readonly left: Left,
        @Inject(Right) private readonly right: Right,
      ) {}

      @Get('both')
      async both() {
        return [await whose(this.left), await whose(this.right)]
      }
    }
    const { url } = await serve({
      imports: [
        BranchesModule.forRoot({ provide: Left, prisma: left.prisma, branch: fromRequest({ header: 'X-Left' }) }),
        BranchesModule.forRoot({ provide: Right, prisma: right.prisma, branch: fromRequest({ header: 'X-Right' }) }),
      ],
      controllers: [Both],
    })
    const headers = { 'X-Left': 'a', 'X-Right': 'b' }
    expect((await get(`${url}/both`, { headers })).text).toBe('["a","b"]')
    expect((await get(`${url}/both`, { headers: { 'X-Right': 'a' } })).text).toBe('["main","a"]')
  })

  it('does not let the application start with a client that has no branches', async () => {
    const prisma = { $disconnect: async () => {} } as Client
    const started = create({ imports: [BranchesModule.forRoot({ provide: PrismaService, prisma, branch })] })
    await expect(started).rejects.toThrow(InvalidOptionError)
  })

  it('does not let the application start with the token among the providers of a module', async () => {
    await expect(create({ providers: [PrismaService] })).rejects.toThrow(
      /PrismaService is provided by BranchesModule.*must not be in the providers/,
    )
  })
})

describe('app.close()', () => {
  it('answers what is in flight, lets other hooks query, and leaves no connection', async () => {
    const { prisma, database } = await postgresBranches(['a'])
    const atShutdown: string[] = []
    @Injectable()
    class Farewell implements OnApplicationShutdown {
      constructor(@Inject(PrismaService) private readonly prisma: PrismaService) {}

      async onApplicationShutdown() {
        atShutdown.push(await whose(this.prisma), await whose(this.prisma.$branch('a')))
      }
    }
    const imports = [BranchesModule.forRoot({ provide: PrismaService, prisma, branch })]
    const { app, url } = await serve({ imports, providers: [Farewell] })
    const slow = get(`${url}/slow`, on('a'))
    await once(app.getHttpServer(), 'request')
    await app.close()
    expect((await slow).text).toBe('{"branch":"a"}')
    expect(atShutdown).toEqual(['main', 'a'])
    expect(prisma.$branches.stats()).toEqual([])
    expect(await connectionsSettle(database, 0)).toBe(0)
  })

  it('leaves nothing behind for the next application', async () => {
    for (const name of ['first', 'second']) {
      const { prisma, database } = await postgresBranches([name])
      const { app, url } = await serve({
        imports: [BranchesModule.forRoot({ provide: PrismaService, prisma, branch })],
      })
      expect((await get(`${url}/whose`, on(name))).text).toBe(JSON.stringify({ branch: name }))
      await app.close()
      expect(await connectionsSettle(database, 0)).toBe(0)
    }
  })
})
