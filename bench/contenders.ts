import { extend, type PrismaClientLike } from '../src/catalog/prisma-client.ts'
import type { SqlDriverAdapterFactory } from '../src/driver/driver-adapter.ts'
import { type BranchesOptions, type BranchesSurface, branches } from '../src/index.ts'

/** How the branches of a database are reached. */
export interface Database<Client extends PrismaClientLike> {
  url(branch: string): string
  adapter(url: string): SqlDriverAdapterFactory
  client(adapter: SqlDriverAdapterFactory): Client
}

/** A way to reach many branches. */
export interface Contender<Client extends PrismaClientLike> {
  /** Pools made so far. */
  readonly opened: number
  /** Does work on a branch, as a request does. */
  run<T>(branch: string, work: (client: Client) => Promise<T>): Promise<T>
  close(): Promise<void>
}

type ContenderOf = <Client extends PrismaClientLike>(database: Database<Client>) => Contender<Client>

/** This package, with every request a unit of work. */
export function extension(options: Partial<BranchesOptions>): ContenderOf {
  return <Client extends PrismaClientLike>(database: Database<Client>): Contender<Client> => {
    const main = database.client(database.adapter(database.url('main')))
    const prisma = extend(main, branches({ ...database, ...options })) as Client & BranchesSurface
    let opened = 0
    prisma.$branches.on('opened', () => opened++)
    return {
      get opened() {
        return opened
      },
      run: (branch, work) => prisma.$withBranch(branch, () => work(prisma)),
      close: () => prisma.$disconnect(),
    }
  }
}

/** A client for each request. */
export function clientPerRequest<Client extends PrismaClientLike>(database: Database<Client>): Contender<Client> {
  const maker = new ClientMaker(database)
  return {
    get opened() {
      return maker.made
    },
    async run(branch, work) {
      const client = maker.make(branch)
      try {
        return await work(client)
      } finally {
        await client.$disconnect()
      }
    },
    close: async () => {},
  }
}

/** A client for each branch, as people keep them. */
export function map<Client extends PrismaClientLike>(database: Database<Client>): Contender<Client> {
  return lru(Infinity)(database)
}

/** The clients of the branches used last. One that has to go is disconnected, whatever it is doing. */
export function lru(size: number): ContenderOf {
  return <Client extends PrismaClientLike>(database: Database<Client>): Contender<Client> => {
    const maker = new ClientMaker(database)
    const clients = new Map<string, Client>()
    const take = (branch: string) => {
      const client = clients.get(branch) ?? maker.make(branch)
      clients.delete(branch)
      clients.set(branch, client)
      const [oldest] = clients
      if (clients.size > size && oldest !== undefined) {
        clients.delete(oldest[0])
        disconnect(oldest[1])
      }
      return client
    }
    return {
      get opened() {
        return maker.made
      },
      run: (branch, work) => work(take(branch)),
      close: async () => void (await Promise.all([...clients.values()].map((client) => client.$disconnect()))),
    }
  }
}

/** A client for each branch. One that is found to be of age is disconnected, and the next takes its place. */
export function mapWithMaxAge(maxAge: number): ContenderOf {
  return <Client extends PrismaClientLike>(database: Database<Client>): Contender<Client> => {
    const maker = new ClientMaker(database)
    const clients = new Map<string, { client: Client; since: number }>()
    const take = (branch: string) => {
      const now = performance.now()
      const known = clients.get(branch)
      if (known !== undefined && now - known.since < maxAge) return known.client
      if (known !== undefined) disconnect(known.client)
      const client = maker.make(branch)
      clients.set(branch, { client, since: now })
      return client
    }
    return {
      get opened() {
        return maker.made
      },
      run: (branch, work) => work(take(branch)),
      close: async () => void (await Promise.all([...clients.values()].map(({ client }) => client.$disconnect()))),
    }
  }
}

class ClientMaker<Client extends PrismaClientLike> {
  made = 0
  readonly #database: Database<Client>

  constructor(database: Database<Client>) {
    this.#database = database
  }

  make(branch: string): Client {
    this.made++
    const { adapter, client, url } = this.#database
    return client(adapter(url(branch)))
  }
}

/** Nobody waits for it: the request that found the client too much goes on. */
function disconnect(client: PrismaClientLike): void {
  client.$disconnect().catch(() => {})
}
