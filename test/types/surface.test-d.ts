import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma as PrismaExtension } from '@prisma/client/extension'
import { describe, expectTypeOf, test } from 'vitest'
import { type Prisma, PrismaClient, type User } from '../../generated/postgres/client.ts'
import { type BranchesOptions, type BranchesSurface, branches, type PoolStats } from '../../src/index.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'

const connectionString = 'postgresql://localhost/app'
const options: BranchesOptions = {
  url: (branch) => schemaUrl(connectionString, `branch_${branch}`),
  adapter: schemaAdapter(PrismaPg),
  client: (adapter) => new PrismaClient({ adapter }),
}
const main = new PrismaClient({ adapter: new PrismaPg({ connectionString }) })
const prisma = main.$extends(branches(options))

/** What is added by `$extends` after `branches()`. */
const extended = prisma.$extends({
  client: { $answer: () => 42 as const },
  model: { user: { byEmail: async (email: string) => ({ email, found: true }) } },
  result: { user: { label: { needs: { email: true }, compute: ({ email }) => `<${email}>` as const } } },
})

describe('$branch', () => {
  const branch = prisma.$branch('b')

  test('is a client of the same type', () => {
    expectTypeOf(branch).toEqualTypeOf<typeof prisma>()
    expectTypeOf(branch.$branch('c').$branch('d')).toEqualTypeOf<typeof prisma>()
    expectTypeOf<PrismaClient>().not.toHaveProperty('$branch')
  })

  test('keeps the types of models', () => {
    expectTypeOf(branch.user.findMany()).resolves.toEqualTypeOf<User[]>()
    expectTypeOf(branch.user.findUnique({ where: { id: 1 } })).resolves.toEqualTypeOf<User | null>()
    expectTypeOf(branch.post.count()).resolves.toEqualTypeOf<number>()
    // @ts-expect-error no such field
    branch.user.findMany({ where: { nope: 1 } })
    // @ts-expect-error no such model
    branch.comment
  })

  test('narrows by select and include', () => {
    const selected = branch.user.findMany({ select: { email: true, posts: { select: { title: true } } } })
    expectTypeOf(selected).resolves.toEqualTypeOf<{ email: string; posts: { title: string }[] }[]>()
    const included = branch.user.findFirstOrThrow({ include: { posts: true } })
    expectTypeOf(included).resolves.toEqualTypeOf<Prisma.UserGetPayload<{ include: { posts: true } }>>()
  })

  test('keeps the types of transactions and raw SQL', () => {
    const batch = branch.$transaction([branch.user.count(), branch.user.findMany({ select: { id: true } })])
    expectTypeOf(batch).resolves.toEqualTypeOf<[number, { id: number }[]]>()
    const interactive = branch.$transaction(async (tx) => (await tx.user.create({ data: { email: 'a' } })).id)
    expectTypeOf(interactive).resolves.toEqualTypeOf<number>()
    expectTypeOf(branch.$queryRaw<{ one: 1 }[]>`SELECT 1 AS one`).resolves.toEqualTypeOf<{ one: 1 }[]>()
  })

  test('takes a name', () => {
    // @ts-expect-error a name is a string
    prisma.$branch(1)
    // Main, by name.
    expectTypeOf(prisma.$branch(undefined)).toEqualTypeOf(prisma)
    // @ts-expect-error a name is needed
    prisma.$branch()
  })
})

describe('$withBranch', () => {
  test('returns what its work comes to', () => {
    expectTypeOf(prisma.$withBranch('b', () => 1)).toEqualTypeOf<Promise<number>>()
    expectTypeOf(prisma.$withBranch('b', async () => 'x' as const)).toEqualTypeOf<Promise<'x'>>()
    expectTypeOf(prisma.$withBranch(undefined, () => {})).toEqualTypeOf<Promise<void>>()
    expectTypeOf(prisma.$withBranch('b', () => prisma.user.findMany())).toEqualTypeOf<Promise<User[]>>()
    const selected = prisma.$withBranch('b', () => prisma.user.findMany({ select: { id: true } }))
    expectTypeOf(selected).toEqualTypeOf<Promise<{ id: number }[]>>()
    const maybe = prisma.$withBranch('b', () => (Math.random() < 2 ? prisma.user.count() : 'none'))
    expectTypeOf(maybe).toEqualTypeOf<Promise<number | 'none'>>()
    const never = prisma.$withBranch('b', () => {
      throw new Error('x')
    })
    expectTypeOf(never).toEqualTypeOf<Promise<never>>()
  })

  test('is on branches, and nests', () => {
    const nested = prisma.$withBranch('a', () => prisma.$branch('b').$withBranch('c', () => prisma.post.count()))
    expectTypeOf(nested).toEqualTypeOf<Promise<number>>()
  })

  test('takes a name or undefined, and a function', () => {
    // @ts-expect-error null names no branch
    prisma.$withBranch(null, () => 1)
    // @ts-expect-error a promise is not a function: it would have been made outside of the branch
    prisma.$withBranch('b', prisma.user.findMany())
    // @ts-expect-error without work
    prisma.$withBranch('b')
    // @ts-expect-error work is called without arguments
    prisma.$withBranch('b', (client: typeof prisma) => client.user.count())
  })
})

describe('a later $extends', () => {
  test('is typed on branches', () => {
    const branch = extended.$branch('b')
    expectTypeOf(branch).toEqualTypeOf<typeof extended>()
    expectTypeOf(branch.$answer()).toEqualTypeOf<42>()
    expectTypeOf(branch.user.byEmail('a')).resolves.toEqualTypeOf<{ email: string; found: boolean }>()
    const row = branch.user.findFirstOrThrow({ select: { label: true } })
    expectTypeOf(row).resolves.toEqualTypeOf<{ label: `<${string}>` }>()
    expectTypeOf(branch.user.findFirstOrThrow()).resolves.toHaveProperty('label')
  })

  test('leaves the client before it as it was', () => {
    expectTypeOf(prisma.$branch('b')).not.toHaveProperty('$answer')
    expectTypeOf(prisma.$branch('b').user).not.toHaveProperty('byEmail')
  })

  test('may be made on a branch', () => {
    const branch = prisma.$branch('b').$extends({ client: { $answer: () => 42 as const } })
    expectTypeOf(branch.$answer()).toEqualTypeOf<42>()
    expectTypeOf(branch.$branch('c').$answer()).toEqualTypeOf<42>()
  })

  test('may come twice, and be a shared extension', () => {
    const shared = PrismaExtension.defineExtension({ client: { $shared: () => 'shared' as const } })
    const twice = extended.$extends(shared).$branch('b')
    expectTypeOf(twice.$shared()).toEqualTypeOf<'shared'>()
    expectTypeOf(twice.$answer()).toEqualTypeOf<42>()
    expectTypeOf(twice.user.findFirstOrThrow()).resolves.toHaveProperty('label')
  })

  test('may come before branches(), as may global options', () => {
    const before = main.$extends({ client: { $early: () => 'early' as const } }).$extends(branches(options))
    expectTypeOf(before.$branch('b').$early()).toEqualTypeOf<'early'>()
    expectTypeOf(before.$branch('b').user.findMany()).resolves.toEqualTypeOf<User[]>()
    const adapter = new PrismaPg({ connectionString })
    const omitting = new PrismaClient({ adapter, omit: { user: { email: true } } }).$extends(branches(options))
    expectTypeOf(omitting.$branch('b').user.findMany()).resolves.toEqualTypeOf<Omit<User, 'email'>[]>()
  })

  test('may use the surface in its own methods', () => {
    const using = prisma.$extends({
      client: {
        usersOf(branch: string) {
          return prisma.$branch(branch).user.findMany()
        },
        alsoUsersOf(branch: string) {
          const client = PrismaExtension.getExtensionContext(this)
          // @ts-expect-error it may have been called on the client of a transaction
          client.$branch(branch)
          return (client as unknown as typeof prisma).$branch(branch).user.count()
        },
      },
    })
    expectTypeOf(using.$branch('a').usersOf('b')).resolves.toEqualTypeOf<User[]>()
    expectTypeOf(using.alsoUsersOf('b')).resolves.toEqualTypeOf<number>()
  })
})

describe('inside an interactive transaction', () => {
  test('models, raw SQL and additions are typed', () => {
    extended.$branch('b').$transaction(async (tx) => {
      expectTypeOf(tx.user.findMany({ select: { id: true } })).resolves.toEqualTypeOf<{ id: number }[]>()
      expectTypeOf(tx.$answer()).toEqualTypeOf<42>()
      expectTypeOf(tx.user.findFirstOrThrow()).resolves.toHaveProperty('label')
    })
  })

  test('a branch cannot be left', () => {
    for (const client of [prisma, prisma.$branch('b')]) {
      client.$transaction(async (tx) => {
        // @ts-expect-error a transaction stays on its branch
        tx.$branch('c')
        // @ts-expect-error a transaction stays on its branch
        tx.$withBranch('c', () => 1)
      })
    }
    extended.$transaction(async (tx) => {
      // @ts-expect-error a transaction stays on its branch
      tx.$branch('c')
      // @ts-expect-error a transaction stays on its branch
      tx.$withBranch('c', () => 1)
    })
  })
})

describe('$branches', () => {
  test('stats() is plain data', () => {
    expectTypeOf(prisma.$branches.stats()).toEqualTypeOf<PoolStats[]>()
    expectTypeOf<PoolStats['state']>().toEqualTypeOf<'waiting' | 'opening' | 'live' | 'draining' | 'closing'>()
    expectTypeOf<PoolStats['retired']>().toEqualTypeOf<
      'max-age' | 'idle' | 'unhealthy' | 'evicted' | 'closed' | 'shutdown' | null
    >()
  })

  test('closes', () => {
    expectTypeOf(prisma.$branches.close('b')).toEqualTypeOf<Promise<void>>()
    expectTypeOf(prisma.$branches.closeObsolete()).toEqualTypeOf<Promise<void>>()
    // @ts-expect-error close names a branch
    prisma.$branches.close()
    // @ts-expect-error it is there for good
    prisma.$branches = extended.$branches
  })

  test('events are typed by name', () => {
    const controls = prisma.$branches
      .on('opened', ({ branch, url, took }) => {
        expectTypeOf([branch, url]).toEqualTypeOf<string[]>()
        expectTypeOf(took).toEqualTypeOf<number>()
      })
      .on('probed', ({ ok, error }) => {
        expectTypeOf(ok).toEqualTypeOf<boolean>()
        expectTypeOf(error).toEqualTypeOf<unknown>()
      })
      .on('retired', ({ reason }) => expectTypeOf(reason).toEqualTypeOf<NonNullable<PoolStats['retired']>>())
      .on('closed', ({ age }) => expectTypeOf(age).toEqualTypeOf<number>())
      .on('drainTimedOut', ({ inFlight }) => expectTypeOf(inFlight).toEqualTypeOf<number>())
      .on('closeFailed', ({ error }) => expectTypeOf(error).toEqualTypeOf<unknown>())
    expectTypeOf(controls).toEqualTypeOf<typeof prisma.$branches>()
    // @ts-expect-error no such event
    prisma.$branches.on('open', () => {})
    // @ts-expect-error closed says how old the pool was, not how long closing took
    prisma.$branches.on('closed', ({ took }) => took)
    // @ts-expect-error no such event
    prisma.$branches.off('open', () => {})
  })
})

describe('the client as a whole', () => {
  test('can be passed on', () => {
    const byType = (client: typeof prisma) => client.$branch('b').user.count()
    expectTypeOf(byType(prisma)).resolves.toEqualTypeOf<number>()
    expectTypeOf(byType(prisma.$branch('b'))).resolves.toEqualTypeOf<number>()
    const bySurface = (client: BranchesSurface) => client.$branches.stats()
    bySurface(prisma)
    bySurface(extended)
    const generic = <T extends typeof prisma>(client: T): T => client.$branch('b')
    expectTypeOf(generic(prisma)).toEqualTypeOf<typeof prisma>()
  })

  test('connects and disconnects as any client', () => {
    expectTypeOf(prisma.$connect()).toEqualTypeOf<Promise<void>>()
    expectTypeOf(prisma.$branch('b').$disconnect()).toEqualTypeOf<Promise<void>>()
  })

  test('can be disposed of', async () => {
    await using whole = main.$extends(branches(options))
    await using branch = extended.$branch('b')
    expectTypeOf(whole.user.count()).resolves.toEqualTypeOf<number>()
    expectTypeOf(branch.$answer()).toEqualTypeOf<42>()
    // @ts-expect-error disposing takes time
    using wrong = prisma
    void wrong
  })
})
