import {
  type DynamicModule,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnApplicationShutdown,
  RequestMethod,
} from '@nestjs/common'
import { type NodeMiddleware, nodeMiddleware } from './http/node-middleware.ts'
import {
  type AnyOptions,
  type BranchesModuleExtras,
  type BranchesModuleOptions,
  type BranchesRootAsyncOptions,
  type BranchesRootOptions,
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  type PlatformRequest,
  type ProvidedClient,
} from './nestjs/options.ts'

export * from './http/exports.ts'
export { ClientToken } from './nestjs/client-token.ts'
export type {
  BranchesModuleExtras,
  BranchesModuleOptions,
  BranchesRootAsyncOptions,
  BranchesRootOptions,
  PlatformRequest,
  ProvidedClient,
}

/**
 * Provides the client to a Nest application, on Express or Fastify, and makes a unit of work of each HTTP request: whatever
 * is done on the client in guards, interceptors, pipes, handlers, exception filters and streams goes to the request's
 * branch. The unit ends when the response is sent or its client is gone.
 *
 * A branch that is not there is answered with status 400 and problem details (RFC 9457), unless a cookie named it; so is a
 * request that names none, where `main` says that it may not be the main client's.
 *
 * When the application is closed, the client is drained and disconnected as soon as the server has answered its last
 * request. After `app.enableShutdownHooks([], { useProcessExit: true })`, so it is on a signal, and the process exits with 0.
 *
 * @example
 * export class PrismaService extends ClientToken<ReturnType<typeof createPrisma>>() {}
 *
 * BranchesModule.forRootAsync({
 *   provide: PrismaService,
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({
 *     prisma: createPrisma(config.getOrThrow('DATABASE_URL')),
 *     branch: fromRequest({ header: 'X-Branch' }),
 *   }),
 * })
 */
@Module({})
export class BranchesModule implements NestModule, OnApplicationShutdown {
  readonly #client: ProvidedClient
  readonly #middleware: NodeMiddleware<never>

  /** @throws {InvalidOptionError} on a client without branches or a bad option, so that the application does not start */
  constructor(@Inject(MODULE_OPTIONS_TOKEN) options: AnyOptions) {
    this.#client = options.prisma
    this.#middleware = nodeMiddleware(options.prisma, options)
  }

  static forRoot<Client extends ProvidedClient, Request extends PlatformRequest>(
    options: BranchesRootOptions<Client, Request>,
  ): DynamicModule {
    return withClient(ConfigurableModuleClass.forRoot(options), options)
  }

  static forRootAsync<Client extends ProvidedClient, Request extends PlatformRequest>(
    options: BranchesRootAsyncOptions<Client, Request>,
  ): DynamicModule {
    return withClient(ConfigurableModuleClass.forRootAsync(options), options)
  }

  configure(consumer: MiddlewareConsumer): void {
    // Without a method, Express would take the path away from the request's url.
    consumer.apply(this.#middleware).forRoutes({ path: '{*splat}', method: RequestMethod.ALL })
  }

  /** Nest calls it when the server has closed. */
  async onApplicationShutdown(): Promise<void> {
    await this.#client.$disconnect()
  }
}

function withClient<Client extends ProvidedClient>(
  definition: DynamicModule,
  { provide, isGlobal = true }: BranchesModuleExtras<Client>,
): DynamicModule {
  const client = {
    provide,
    useFactory: ({ prisma }: AnyOptions) => prisma,
    inject: [MODULE_OPTIONS_TOKEN],
  }
  return {
    ...definition,
    module: BranchesModule,
    global: isGlobal,
    providers: [...(definition.providers ?? []), client],
    exports: [provide],
  }
}
