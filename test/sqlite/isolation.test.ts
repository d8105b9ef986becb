import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Prisma, PrismaClient } from '../../generated/sqlite/client.ts'
import type { SqlDriverAdapterFactory } from '../../src/driver/driver-adapter.ts'
import { branches } from '../../src/index.ts'
import { sqliteBranches, whose } from '../kit/sqlite-branches.ts'

type Extended = Awaited<ReturnType<typeof sqliteBranches>>['prisma']

/** How many rows each database has besides the one that it is told by. */
async function written(prisma: Extended) {
  const counts: Record<string, number> = {}
  for (const name of ['main', 'a', 'b']) {
    const client = prisma.$branch(name === 'main' ? undefined : name)
    counts[name] = (await client.user.count()) - 1
  }
  return counts
}

const NOTHING = { main: 0, a: 0, b: 0 }
const MIXED = { name: 'MixedTransactionError', code: 'BRANCH_MIXED_TRANSACTION' }

let emails = 0
const row = () => ({ data: { email: `row-${++emails}@example.com` } })

describe('I2: the client option', () => {
  it('may not make a client of another adapter: nothing is read and nothing written', async () => {
    let urls = new Map<string, string>()
    const bench = await sqliteBranches({
      client: () => new PrismaClient({ adapter: new PrismaLibSql({ url: urls.get('main') as string }) }),
    })
    urls = bench.urls
    const { prisma } = bench
    const a = prisma.$branch('a')
    const refused = expect.objectContaining({ code: 'BRANCH_FACTORY_FAILED' })
    await expect(a.user.create(row())).rejects.toEqual(refused)
    await expect(a.user.findMany()).rejects.toEqual(refused)
    await expect(a.$queryRaw`SELECT * FROM "User"`).rejects.toEqual(refused)
    await expect(a.$transaction([a.user.create(row()), a.user.create(row())])).rejects.toEqual(refused)
    await expect(a.$transaction((tx) => tx.user.create(row()))).rejects.toEqual(refused)
    await expect(prisma.$withBranch('b', () => prisma.user.create(row()))).rejects.toEqual(refused)
    await expect(prisma.user.count()).resolves.toBe(1)
  })

  it('may not make a client of the adapter of another branch', async () => {
    let first: SqlDriverAdapterFactory | undefined
    const { prisma } = await sqliteBranches({
      client(adapter) {
        first ??= adapter
        return new PrismaClient({ adapter: first })
      },
    })
    expect(await whose(prisma.$branch('a'))).toBe('a')
    await expect(whose(prisma.$branch('b'))).rejects.toMatchObject({ code: 'BRANCH_FACTORY_FAILED' })
  })

  it('may wrap the adapter that it is given', async () => {
    const statements: string[] = []
    const { prisma } = await sqliteBranches({
      client: (adapter) =>
        new PrismaClient({
          adapter: {
            ...adapter,
            provider: adapter.provider,
            adapterName: adapter.adapterName,
            async connect() {
              const connected = await adapter.connect()
              const { queryRaw } = connected
              connected.queryRaw = (query) => {
                statements.push(query.sql)
                return queryRaw.call(connected, query)
              }
              return connected
            },
          },
        }),
    })
    expect(await whose(prisma.$branch('a'))).toBe('a')
    expect(statements).toHaveLength(1)
  })

  it('leaves nothing in the way of a client once it has connected', async () => {
    const made: object[] = []
    const { prisma } = await sqliteBranches({
      client(adapter) {
        const client = new PrismaClient({ adapter })
        made.push(client)
        return client
      },
    })
    const a = prisma.$branch('a')
    await a.user.count()
    expect(a.$extends).toBeTypeOf('function')
    // `$on` is no part of an extended client.
    expect(prisma.$branch('a')).toHaveProperty('$on', expect.any(Function))
    expect(made).toHaveLength(1)
  })
})

describe('I2: the adapter option', () => {
  it('may not return the adapter of another branch', async () => {
    let shared: PrismaLibSql | undefined
    const { prisma } = await sqliteBranches({
      adapter(url) {
        shared ??= new PrismaLibSql({ url })
        return shared
      },
    })
    expect(await whose(prisma.$branch('a'))).toBe('a')
    expect(() => prisma.$branch('b')).toThrow(expect.objectContaining({ code: 'BRANCH_FACTORY_FAILED' }))
  })

  it('is given the URL alone, and the client option the adapter alone', async () => {
    const given: unknown[][] = []
    const { prisma } = await sqliteBranches({
      adapter(...args) {
        given.push(args)
        return new PrismaLibSql({ url: args[0] })
      },
      client(...args) {
        given.push(args)
        return new PrismaClient({ adapter: args[0] })
      },
    })
    await whose(prisma.$branch('a'))
    expect(given.map((args) => args.length)).toEqual([1, 1])
  })
})

describe('I7: a batch with a promise of another branch is refused, and nothing is written', () => {
  it('by a method of an extension that hands on a promise of another branch, or of main', async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma.$extends({
      model: {
        user: {
          createInB: () => prisma.$branch('b').user.create(row()),
          createInMain: () => prisma.user.create(row()),
        },
      },
    })
    const a = extended.$branch('a')
    await expect(a.$transaction([a.user.createInB(), a.user.create(row())])).rejects.toMatchObject(MIXED)
    await expect(a.$transaction([a.user.createInMain(), a.user.create(row())])).rejects.toMatchObject(MIXED)
    expect(await written(prisma)).toEqual(NOTHING)
  })

  it('by a promise of a client that is not extended', async () => {
    const { prisma, urls } = await sqliteBranches()
    const bare = new PrismaClient({ adapter: new PrismaLibSql({ url: urls.get('main') as string }) })
    onTestFinished(() => bare.$disconnect())
    const extended = prisma.$extends({ model: { user: { createBare: () => bare.user.create(row()) } } })
    const a = extended.$branch('a')
    await expect(a.$transaction([bare.user.create(row()), a.user.create(row())])).rejects.toMatchObject(MIXED)
    await expect(a.$transaction([a.user.createBare(), a.user.create(row())])).rejects.toMatchObject(MIXED)
    expect(await written(prisma)).toEqual(NOTHING)
    // By itself it is a promise like any other.
    await a.user.createBare()
    expect(await written(prisma)).toEqual({ ...NOTHING, main: 1 })
  })

  it('by a promise of a transaction, of that branch or of another', async () => {
    const { prisma } = await sqliteBranches()
    for (const name of ['a', 'b']) {
      const other = prisma.$branch('b')
      const work = prisma.$branch(name).$transaction(async (tx) => {
        await other.$transaction([tx.user.create(row()), other.user.create(row())])
      })
      await expect(work).rejects.toMatchObject(MIXED)
    }
    const extended = prisma.$extends({
      model: {
        user: {
          another() {
            const users = Prisma.getExtensionContext(this) as unknown as typeof prisma.user
            return users.create(row())
          },
        },
      },
    })
    const b = extended.$branch('b')
    const work = extended.$branch('a').$transaction(async (tx) => {
      await b.$transaction([tx.user.another(), b.user.create(row())])
    })
    await expect(work).rejects.toMatchObject(MIXED)
    expect(await written(prisma)).toEqual(NOTHING)
  })

  it("by query(args) in a hook, beside a promise of the closure's client, unless that is of the same branch", async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma.$extends({
      query: {
        user: {
          async create({ args, query }) {
            const [, created] = await prisma.$transaction([prisma.$executeRaw`SELECT 1`, query(args)])
            return created
          },
        },
      },
    })
    // Outside of a unit the closure's client is main.
    await expect(extended.$branch('a').user.create(row())).rejects.toMatchObject(MIXED)
    expect(await written(prisma)).toEqual(NOTHING)
    await extended.$withBranch('a', () => extended.user.create(row()))
    await extended.user.create(row())
    expect(await written(prisma)).toEqual({ main: 1, a: 1, b: 0 })
  })

  it('by query(args) beside a promise of the client that was extended', async () => {
    const { prisma, urls } = await sqliteBranches()
    const base = new PrismaClient({ adapter: new PrismaLibSql({ url: urls.get('main') as string }) })
    const extended = base
      .$extends(
        branches({
          url: (name) => urls.get(name),
          adapter: (url) => new PrismaLibSql({ url }),
          client: (adapter) => new PrismaClient({ adapter }),
          maxAge: Infinity,
        }),
      )
      .$extends({
        query: {
          user: {
            async create({ args, query }) {
              const [, created] = await base.$transaction([base.$executeRaw`SELECT 1`, query(args)])
              return created
            },
          },
        },
      })
    onTestFinished(() => extended.$disconnect())
    await expect(extended.$branch('a').user.create(row())).rejects.toMatchObject(MIXED)
    await expect(extended.$withBranch('a', () => extended.user.create(row()))).rejects.toMatchObject(MIXED)
    expect(await written(prisma)).toEqual(NOTHING)
    // On main it is one client's.
    await extended.user.create(row())
    expect(await written(prisma)).toEqual({ ...NOTHING, main: 1 })
  })

  it('by what only looks like an array', async () => {
    const { prisma } = await sqliteBranches()
    const [a, b] = [prisma.$branch('a'), prisma.$branch('b')]
    const disguised = {
      length: 2,
      map: (make: (query: unknown) => unknown) => [b.user.create(row()), a.user.create(row())].map(make),
    }
    const inherited = Object.assign(Object.create(Array.prototype), { 0: b.user.create(row()), length: 1 })
    const overridden = Object.assign([a.user.create(row())], { map: disguised.map })
    await expect(a.$transaction(disguised as never)).rejects.toThrow('expects an array of queries or a function')
    await expect(a.$transaction(inherited as never)).rejects.toThrow('expects an array of queries or a function')
    await a.$transaction(overridden)
    expect(await written(prisma)).toEqual({ ...NOTHING, a: 1 })
  })

  it('by a relation of a query of another branch', async () => {
    const { prisma } = await sqliteBranches()
    const b = prisma.$branch('b')
    const a = prisma.$branch('a')
    const posts = b.user.findUniqueOrThrow({ where: { id: 1 } }).posts()
    await expect(a.$transaction([posts, a.user.create(row())])).rejects.toMatchObject(MIXED)
    expect(await written(prisma)).toEqual(NOTHING)
  })

  it('and one of its own branch is not, however its promises were made', async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma
      .$extends({
        model: {
          $allModels: {
            make() {
              const users = Prisma.getExtensionContext(this) as unknown as typeof prisma.user
              return users.create(row())
            },
          },
        },
        client: {
          $makeUser() {
            const client = Prisma.getExtensionContext(this) as unknown as typeof prisma
            return client.user.create(row())
          },
          $makeTwo() {
            const client = Prisma.getExtensionContext(this) as unknown as typeof prisma
            return client.$transaction([client.user.create(row()), client.user.create(row())])
          },
        },
      })
      .$extends((client) =>
        client.$extends({
          query: {
            user: {
              async update({ args, query }) {
                const [, updated] = await client.$transaction([client.$executeRaw`SELECT 1`, query(args)])
                return updated as never
              },
            },
          },
        }),
      )
    const a = extended.$branch('a')
    await a.$transaction([a.user.make(), a.$makeUser(), a.user.create(row())])
    await a.$makeTwo()
    await a.$transaction((tx) => tx.user.make())
    await a.user.update({ where: { id: 1 }, data: { name: 'Ada' } })
    await extended.$withBranch('a', () => extended.$transaction([a.user.make(), extended.user.create(row())]))
    expect(await written(prisma)).toEqual({ main: 0, a: 8, b: 0 })
  })

  it('and not one whose branch had another client meanwhile: what the earlier one made is made once more', async () => {
    const { prisma, made } = await sqliteBranches({ maxAge: 0, keepClients: 1 })
    const queries = [prisma.$branch('a').user.create(row())]
    queries.push(
      prisma
        .$branch('a')
        .user.findUniqueOrThrow({ where: { id: 1 } })
        .posts() as never,
    )
    await prisma.$branch('b').user.count()
    await expect.poll(() => prisma.$branches.stats()).toEqual([])
    await prisma.$branch('b').user.count()
    const a = prisma.$branch('a')
    queries.push(a.user.create({ data: { email: 'a@example.com' } }))
    // The last one fails, and takes the others with it.
    await expect(a.$transaction(queries)).rejects.toMatchObject({ code: 'P2002' })
    expect(made).toEqual(['a', 'b', 'a'])
    expect(await written(prisma)).toEqual(NOTHING)
    await a.$transaction(queries.slice(0, 2))
    expect(await written(prisma)).toEqual({ ...NOTHING, a: 1 })
  })

  it('in the methods of an extension as well', async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma.$extends({
      client: {
        $mixed() {
          const client = Prisma.getExtensionContext(this) as unknown as typeof prisma
          return client.$transaction([prisma.$branch('b').user.create(row()), client.user.create(row())])
        },
      },
    })
    await expect(extended.$branch('a').$mixed()).rejects.toMatchObject(MIXED)
    expect(await written(prisma)).toEqual(NOTHING)
  })
})

describe('I2: an extension given as a function', () => {
  const refused = { code: 'BRANCH_FACTORY_FAILED', message: expect.stringContaining('client of another branch') }

  it('may not return a client that it keeps', async () => {
    const { prisma } = await sqliteBranches()
    let kept: unknown
    const extended = prisma.$extends((client) => {
      kept ??= client.$extends({ client: { $version: 1 } })
      return kept as typeof client
    })
    expect(await whose(extended)).toBe('main')
    await expect(extended.$withBranch('a', () => extended.user.count())).rejects.toMatchObject(refused)
    expect(() => extended.$branch('b')).toThrow(expect.objectContaining(refused))
  })

  it('may not return a client from around it', async () => {
    const { prisma } = await sqliteBranches()
    expect(() => prisma.$extends(() => prisma as never)).toThrow(expect.objectContaining(refused))
    expect(() => prisma.$extends(() => prisma.$extends({}) as never)).toThrow(expect.objectContaining(refused))
    const other = new PrismaClient({ adapter: new PrismaLibSql({ url: ':memory:' }) })
    expect(() => prisma.$extends(() => other as never)).toThrow(expect.objectContaining(refused))
  })

  it('may return the client that it is given, extended or not', async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma
      .$extends((client) => client)
      .$extends(
        Prisma.defineExtension((client) => client.$extends({ client: { $one: 1 } }).$extends({ client: { $two: 2 } })),
      )
    expect([await whose(extended), await whose(extended.$branch('a')), await whose(extended.$branch('b'))]).toEqual([
      'main',
      'a',
      'b',
    ])
  })
})

describe('I8: with requireBranch', () => {
  const REQUIRED = { name: 'BranchRequiredError', code: 'BRANCH_REQUIRED' }

  it('nothing reaches main without a name, and nothing is opened', async () => {
    const { prisma } = await sqliteBranches({ requireBranch: true })
    const { user } = prisma
    const refused = [
      () => prisma.user.findMany(),
      () => prisma.user.create(row()),
      () => user.count(),
      () => prisma.user.findUnique({ where: { id: 1 } }).posts(),
      () => prisma.$queryRaw`SELECT 1`,
      () => prisma.$queryRawUnsafe('SELECT 1'),
      () => prisma.$executeRaw`DELETE FROM "User"`,
      () => prisma.$executeRawUnsafe('DELETE FROM "User"'),
      () => prisma.$transaction([prisma.user.create(row())]),
      () => prisma.$transaction([]),
      () => prisma.$transaction((tx) => tx.user.create(row())),
      () => prisma.$extends({}).user.findMany(),
      () =>
        prisma
          .$extends({ client: { $all: () => 'all' } })
          .$extends({})
          .post.findMany(),
    ]
    for (const call of refused) await expect(call()).rejects.toMatchObject(REQUIRED)
    await expect(prisma.$connect()).resolves.toBeUndefined()
    expect(await written(prisma)).toEqual(NOTHING)
  })

  it('a mistake fails where it is awaited, as any of Prisma does', async () => {
    const { prisma } = await sqliteBranches({ requireBranch: true })
    const query = prisma.user.findMany()
    expect(query[Symbol.toStringTag]).toBe('PrismaPromise')
    await expect(query.catch((error: { code: string }) => error.code)).resolves.toBe('BRANCH_REQUIRED')
  })

  it("a method of an extension is refused, since it would be given main's client", async () => {
    const { prisma } = await sqliteBranches({ requireBranch: true })
    const extended = prisma.$extends({ client: { $hello: () => 'hello' } })
    expect(() => extended.$hello()).toThrow(expect.objectContaining(REQUIRED))
    expect(extended.$branch('a').$hello()).toBe('hello')
  })

  it('main is reached by its name, and branches as ever', async () => {
    const { prisma } = await sqliteBranches({ requireBranch: true })
    const main = prisma.$branch(undefined)
    expect(await whose(main)).toBe('main')
    expect(await prisma.$withBranch(undefined, () => whose(prisma))).toBe('main')
    expect(await prisma.$withBranch('a', () => whose(main))).toBe('main')
    expect(await prisma.$withBranch('a', () => whose(prisma))).toBe('a')
    expect(await whose(prisma.$branch('b'))).toBe('b')
    expect(prisma.$branches.requireBranch).toBe(true)
  })

  it('an extension inside of another asks for a branch of its own', async () => {
    const outer = await sqliteBranches()
    const { prisma } = await sqliteBranches({ requireBranch: true })
    await outer.prisma.$withBranch('a', async () => {
      await expect(prisma.user.count()).rejects.toMatchObject(REQUIRED)
      expect(await prisma.$withBranch(undefined, () => outer.prisma.$withBranch('b', () => whose(prisma)))).toBe('main')
    })
  })

  it('comes from the environment', async () => {
    process.env.DB_BRANCH_REQUIRED = 'true'
    onTestFinished(() => void delete process.env.DB_BRANCH_REQUIRED)
    const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: ':memory:' }) }).$extends(
      branches({
        url: 'file:{branch}.db',
        adapter: (url) => new PrismaLibSql({ url }),
        client: (adapter) => new PrismaClient({ adapter }),
      }),
    )
    await expect(prisma.user.count()).rejects.toMatchObject(REQUIRED)
  })

  it('$branch() without any argument names nothing', async () => {
    const { prisma } = await sqliteBranches()
    expect(() => (prisma.$branch as () => unknown)()).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_NAME' }))
  })
})

describe("I9: the library's own work runs in no unit of work", () => {
  it('so that options and adapters may use the client itself', async () => {
    const where: string[] = []
    let prisma: Extended | undefined
    const ask = async (what: string) => void where.push(`${what}: ${await whose(prisma as Extended)}`)
    const bench = await sqliteBranches({
      maxAge: Infinity,
      healthChecks: true,
      probeInterval: 0,
      probe: () => ask('probe'),
      adapter(url) {
        const factory = new PrismaLibSql({ url })
        const connect = async () => {
          await ask('connect')
          return factory.connect()
        }
        return { provider: factory.provider, adapterName: factory.adapterName, connect }
      },
      client(adapter) {
        where.push(`client: ${prisma?.$branches.current()}`)
        return new PrismaClient({ adapter })
      },
    })
    prisma = bench.prisma
    await prisma.$withBranch('a', () => whose(bench.prisma))
    await prisma.$withBranch('a', () => whose(bench.prisma))
    expect(where).toEqual(['client: undefined', 'connect: main', 'probe: main'])
  })

  it('and keeps nothing of the request alive that opened a pool', async () => {
    const requests = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const { prisma } = await sqliteBranches({
      adapter(url) {
        const factory = new PrismaLibSql({ url })
        const connect = async () => {
          seen.push(requests.getStore())
          const adapter = await factory.connect()
          const { dispose } = adapter
          adapter.dispose = () => {
            seen.push(requests.getStore())
            return dispose.call(adapter)
          }
          return adapter
        }
        return { provider: factory.provider, adapterName: factory.adapterName, connect }
      },
    })
    await requests.run('the request', async () => {
      await whose(prisma.$branch('a'))
      await prisma.$branches.close('a')
    })
    expect(seen).toEqual([undefined, undefined])
  })
})

describe('$branches.current()', () => {
  it('is the name of the branch of this unit of work', async () => {
    const { prisma, urls } = await sqliteBranches()
    const { current } = prisma.$branches
    expect(current()).toBeUndefined()
    await prisma.$withBranch('a', async () => {
      expect(current()).toBe('a')
      await prisma.$withBranch(undefined, () => expect(current()).toBeUndefined())
      await prisma.$withBranch('b', () => expect(current()).toBe('b'))
      urls.set('alias', urls.get('a') as string)
      await prisma.$withBranch('alias', () => expect(current()).toBe('alias'))
      expect(current()).toBe('a')
    })
  })
})

describe('what branches do not inherit is said', () => {
  it('a method, model or property that only main has is an error that names it, in a unit of work too', async () => {
    const { urls } = await sqliteBranches()
    const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: urls.get('main') as string }) })
      .$extends({ client: { $hello: () => 'hello', $version: 1 }, model: { user: { hello: () => 'user' } } })
      .$extends(
        branches({
          url: (name) => urls.get(name),
          adapter: (url) => new PrismaLibSql({ url }),
          client: (adapter) => new PrismaClient({ adapter }),
        }),
      )
    onTestFinished(() => prisma.$disconnect())
    expect([prisma.$hello(), prisma.$version, prisma.user.hello()]).toEqual(['hello', 1, 'user'])
    const missing = (member: string) => ({
      name: 'MissingOnBranchError',
      code: 'BRANCH_MISSING',
      message: expect.stringMatching(new RegExp(`"a" has no ${member.replace('$', '\\$')}, .*client option`)),
    })
    const inA = (work: () => unknown) => prisma.$withBranch('a', async () => work())
    await expect(inA(() => prisma.$hello())).rejects.toMatchObject(missing('$hello'))
    await expect(inA(() => prisma.$version)).rejects.toMatchObject(missing('$version'))
    await expect(inA(() => prisma.user.hello())).rejects.toMatchObject(missing('hello'))
  })

  it("omit that main's type promises is refused where a branch's client lacks it", async () => {
    const { urls } = await sqliteBranches()
    const make = (omit?: object) =>
      new PrismaClient({
        adapter: new PrismaLibSql({ url: urls.get('main') as string }),
        omit: { user: { name: true } },
      }).$extends(
        branches({
          url: (name) => urls.get(name),
          adapter: (url) => new PrismaLibSql({ url }),
          client: (adapter) => new PrismaClient({ adapter, ...(omit && { omit }) }),
        }),
      )
    expect(() => make().$branch('a')).toThrow(
      expect.objectContaining({ code: 'BRANCH_FACTORY_FAILED', message: expect.stringContaining('user.name') }),
    )
    const prisma = make({ user: { name: true } })
    onTestFinished(() => prisma.$disconnect())
    expect(await prisma.$branch('a').user.findFirst()).not.toHaveProperty('name')
  })

  it('a property of an extension that is kept in a variable follows the unit of work', async () => {
    const { prisma } = await sqliteBranches()
    class Repository {
      readonly #client: Extended
      readonly nested = { ask: () => this.first() }
      constructor(client: Extended) {
        this.#client = client
      }
      async first() {
        return whose(this.#client)
      }
    }
    const extended = prisma.$extends((client) =>
      client.$extends({ client: { $repository: new Repository(client as unknown as Extended) } }),
    )
    const { $repository } = extended
    const { first, nested } = $repository
    expect($repository).toBeInstanceOf(Repository)
    for (const name of ['a', 'b', undefined]) {
      await extended.$withBranch(name, async () => {
        const expected = name ?? 'main'
        expect([await $repository.first(), await first(), await nested.ask()]).toEqual([expected, expected, expected])
      })
    }
    expect(await extended.$branch('b').$repository.first()).toBe('b')
  })

  it('a class that an extension adds can be constructed, and a function keeps its properties', async () => {
    const { prisma } = await sqliteBranches()
    class Report {
      static readonly title = 'Report'
      constructor(readonly of: string) {}
    }
    const extended = prisma.$extends({ client: { Report, $greet: Object.assign(() => 'hello', { loud: 'HELLO' }) } })
    for (const client of [extended, extended.$branch('a')]) {
      expect(new client.Report('a')).toMatchObject({ of: 'a' })
      expect(new client.Report('a')).toBeInstanceOf(Report)
      expect([client.Report.title, client.$greet(), client.$greet.loud]).toEqual(['Report', 'hello', 'HELLO'])
      expect(client.constructor).toBe(PrismaClient)
    }
  })

  it('an overridden $transaction gets all of its arguments', async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma.$extends({ client: { $transaction: async (...args: unknown[]) => args.length } })
    const { $transaction } = extended as unknown as { $transaction(...args: unknown[]): Promise<number> }
    expect(await $transaction(() => 0, {}, 'third')).toBe(3)
  })

  it("a method of the application's own class gets the extended client", async () => {
    const { urls } = await sqliteBranches()
    class Service extends PrismaClient {
      constructor() {
        super({ adapter: new PrismaLibSql({ url: urls.get('main') as string }) })
        // biome-ignore lint/correctness/noConstructorReturn: as NestJS services do it.
        return this.$extends(
          branches({
            url: (name) => urls.get(name),
            adapter: (url) => new PrismaLibSql({ url }),
            client: (adapter) => new PrismaClient({ adapter }),
            maxAge: Infinity,
          }),
        ) as unknown as this
      }
      async whose() {
        return whose(this)
      }
      async onModuleDestroy() {
        await this.$disconnect()
      }
    }
    const service = new Service() as Service & Extended
    expect(await service.whose()).toBe('main')
    expect(await service.$withBranch('a', () => service.whose())).toBe('a')
    expect(service.$branches.stats()).toHaveLength(1)
    await service.onModuleDestroy()
    expect(service.$branches.stats()).toEqual([])
  })
})

describe('a handle that is kept', () => {
  it('follows its branch to another URL', async () => {
    const { prisma, urls } = await sqliteBranches()
    const kept = prisma.$branch('a')
    const { user } = kept
    expect(await whose(kept)).toBe('a')
    urls.set('a', urls.get('b') as string)
    expect([await whose(kept), await whose({ user })]).toEqual(['b', 'b'])
    // Another name of the same URL is another handle: they part when their URLs do.
    urls.set('alias', urls.get('b') as string)
    const [b, alias] = [prisma.$branch('b'), prisma.$branch('alias')]
    urls.set('alias', urls.get('c') as string)
    expect([await whose(b), await whose(alias)]).toEqual(['b', 'c'])
    urls.delete('a')
    await expect(kept.user.count()).rejects.toMatchObject({ code: 'BRANCH_UNKNOWN' })
  })
})
