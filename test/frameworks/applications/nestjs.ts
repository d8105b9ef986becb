import 'reflect-metadata'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Header,
  HttpCode,
  type INestApplication,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Post,
  Query,
  RequestMethod,
  StreamableFile,
  type Type,
} from '@nestjs/common'
import { APP_FILTER, HttpAdapterHost, NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { json } from 'express'
import { WebSocketServer } from 'ws'
import { BranchesModule, ClientToken } from '../../../src/nestjs.ts'
import { pause, whose } from '../../postgres/kit.ts'
import type { Application, ApplicationParts, Client } from '../kit/application.ts'
import { answerBranches } from '../kit/node-server.ts'

class PrismaService extends ClientToken<Client>() {}

const PARTS = Symbol('parts')

@Controller()
class WhoseController {
  constructor(
    @Inject(PrismaService) private readonly prisma: PrismaService,
    @Inject(PARTS) private readonly parts: ApplicationParts,
  ) {}

  @Get('whose')
  async whose() {
    return { branch: await whose(this.prisma) }
  }

  @Get('varies')
  @Header('Vary', 'Accept')
  async varies() {
    return { branch: await whose(this.prisma) }
  }

  @Get('slow')
  async slow() {
    await this.parts.slowly()
    return { branch: await whose(this.prisma) }
  }

  @Post('whose')
  @HttpCode(200)
  async post(@Body() sent: unknown) {
    return { branch: await whose(this.prisma), sent }
  }

  @Get('throws')
  throws() {
    throw new Error('Thrown')
  }

  @Get('rejects')
  async rejects() {
    throw new Error('Rejected')
  }

  @Get('stream')
  stream(@Query('lines') lines: string) {
    return new StreamableFile(Readable.from(this.parts.streamed(Number(lines))))
  }

  @Get('late')
  late(@Query('ms') ms: string) {
    pause(Number(ms))
      .then(() => whose(this.prisma))
      .then(
        (branch) => this.parts.late({ branch }),
        (error: unknown) => this.parts.late({ error }),
      )
    return {}
  }
}

@Catch()
class WhoseFilter implements ExceptionFilter {
  constructor(
    @Inject(PrismaService) private readonly prisma: PrismaService,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  async catch(_error: unknown, host: ArgumentsHost) {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { branch: await whose(this.prisma) }, 500)
  }
}

/** Reads the body by listening: middleware is where Nest gives Node's own request on every platform. */
class ListenMiddleware {
  constructor(@Inject(PrismaService) private readonly prisma: PrismaService) {}

  use(request: IncomingMessage, response: ServerResponse, next: (error: unknown) => void) {
    request.on('data', () => {})
    request.on('end', () => {
      whose(this.prisma).then((branch) => response.end(JSON.stringify({ branch })), next)
    })
  }
}

class WhoseModule implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(ListenMiddleware).forRoutes({ path: 'listen', method: RequestMethod.POST })
  }
}

/** Nest's own parser on Express comes before all middleware of modules: the same parser, where the unit has begun. */
@Module({})
class WithParser extends WhoseModule {
  override configure(consumer: MiddlewareConsumer) {
    super.configure(consumer)
    consumer.apply(json()).forRoutes({ path: 'whose', method: RequestMethod.POST })
  }
}

export async function startNestOnExpress(parts: ApplicationParts): Promise<Application> {
  return await listen(await NestFactory.create(root(WithParser, parts), { logger: false, bodyParser: false }), parts)
}

export async function startNestOnFastify(parts: ApplicationParts): Promise<Application> {
  return await listen(
    await NestFactory.create(root(WhoseModule, parts), new FastifyAdapter(), { logger: false }),
    parts,
  )
}

function root(module: Type, parts: ApplicationParts) {
  const { prisma, branch, main } = parts
  return {
    module,
    imports: [BranchesModule.forRoot({ provide: PrismaService, prisma, branch, main })],
    controllers: [WhoseController],
    providers: [
      { provide: PARTS, useValue: parts },
      { provide: APP_FILTER, useClass: WhoseFilter },
    ],
  }
}

async function listen(app: INestApplication, { prisma }: ApplicationParts): Promise<Application> {
  const server: Server = app.getHttpServer()
  const sockets = new WebSocketServer({ server, path: '/socket' })
  sockets.on('connection', (socket) => answerBranches(socket, prisma))
  await app.listen(0, '127.0.0.1')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    const closed = app.close()
    for (const socket of sockets.clients) socket.close(1001)
    await closed
  }
  return { url: `http://127.0.0.1:${port}`, close }
}
