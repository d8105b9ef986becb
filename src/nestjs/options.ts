import type { IncomingMessage } from 'node:http'
import { type ConfigurableModuleAsyncOptions, ConfigurableModuleBuilder } from '@nestjs/common'
import type { RequestOptions } from '../http/branch-choice.ts'
import type { BranchedClient } from '../http/request-units.ts'
import type { ClientToken } from './client-token.ts'

/** A client extended by `branches()`, as `BranchesModule` uses it. */
export interface ProvidedClient extends BranchedClient {
  $disconnect(): Promise<void>
}

/** Node's own request, on every platform; Express's is one. Within the middleware, `url` may have lost its path. */
export interface PlatformRequest extends IncomingMessage {
  /** The path and query as they were sent. */
  originalUrl?: string
}

/** The client, and where the branch of a request comes from. */
export interface BranchesModuleOptions<
  Client extends ProvidedClient = ProvidedClient,
  Request extends PlatformRequest = PlatformRequest,
> extends RequestOptions<Request> {
  /** The client to inject. The module disconnects it when the application is shut down. */
  prisma: Client
}

/** What the module itself has to know before there is a client. */
export interface BranchesModuleExtras<Client extends ProvidedClient> {
  /** What the client is injected as: a class that extends `ClientToken<Client>()`. */
  provide: ClientToken<Client>
  /**
   * Whether every module can inject the client without importing this one, and whether the unit of work begins before the
   * middleware of all other modules. Default: `true`.
   */
  isGlobal?: boolean | undefined
}

export type BranchesRootOptions<
  Client extends ProvidedClient,
  Request extends PlatformRequest = PlatformRequest,
> = BranchesModuleExtras<Client> & BranchesModuleOptions<NoInfer<Client>, Request>

/** `useFactory` with `inject` and `imports`, or `useClass`, or `useExisting`. */
export type BranchesRootAsyncOptions<
  Client extends ProvidedClient,
  Request extends PlatformRequest = PlatformRequest,
> = BranchesModuleExtras<Client> &
  ConfigurableModuleAsyncOptions<BranchesModuleOptions<NoInfer<Client>, Request>, typeof FACTORY_METHOD>

/** Whatever the client, and the request that the branch option is a function of. */
export type AnyOptions = BranchesModuleOptions<ProvidedClient, never>

const FACTORY_METHOD = 'createBranchesOptions'

/** Gives the options to the module, in the ways that Nest's modules have in common. */
export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<AnyOptions>({
  moduleName: 'Branches',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName(FACTORY_METHOD)
  .build()
