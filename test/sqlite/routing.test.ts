import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Prisma } from '../../generated/sqlite/client.ts'
import { sqliteBranches, whose } from '../kit/sqlite-branches.ts'

describe('routing', () => {
  it('goes to the main client outside, and to the branch inside of $withBranch, at any depth', async () => {
    const { prisma } = await sqliteBranches()
    const deep = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return whose(prisma)
    }
    expect(await whose(prisma)).toBe('main')
    expect(await prisma.$withBranch('a', async () => [await whose(prisma), await deep()])).toEqual(['a', 'a'])
    expect(await whose(prisma)).toBe('main')
    expect(await whose(prisma.$branch('b'))).toBe('b')
  })

  it('nests: the inner branch inside, the outer one again after it, and undefined for the main client', async () => {
    const { prisma } = await sqliteBranches()
    const seen = await prisma.$withBranch('a', async () => {
      const inner = await prisma.$withBranch('b', () => whose(prisma))
      const main = await prisma.$withBranch(undefined, () => whose(prisma))
      return [inner, main, await whose(prisma), await whose(prisma.$branch('c'))]
    })
    expect(seen).toEqual(['b', 'main', 'a', 'c'])
  })

  it("B7: parallel units of work never see each other's branch", async () => {
    const { prisma } = await sqliteBranches()
    const names = Array.from({ length: 60 }, (_, i) => ['a', 'b', 'c'][i % 3] as string)
    const seen = await Promise.all(
      names.map((name, i) =>
        prisma.$withBranch(name, async () => {
          await new Promise((resolve) => setTimeout(resolve, (i * 7) % 5))
          const first = await whose(prisma)
          const second = await prisma.$transaction(async (tx) => {
            await new Promise((resolve) => setTimeout(resolve, i % 3))
            return whose(tx)
          })
          return `${first} ${second}`
        }),
      ),
    )
    expect(seen).toEqual(names.map((name) => `${name} ${name}`))
  })

  it('B7: the branch is fixed when a method is called, not when its promise is awaited', async () => {
    const { prisma } = await sqliteBranches()
    const lazy = prisma.$withBranch('b', () => prisma.user.findMany())
    expect(await lazy).toMatchObject([{ email: 'b@example.com' }])

    // Handed out of its unit without being awaited there.
    const [query] = await prisma.$withBranch('a', () => [prisma.user.findMany()])
    expect(await prisma.$withBranch('b', () => query)).toMatchObject([{ email: 'a@example.com' }])
  })

  it('B8: a delegate or method kept in a variable follows the branch of each call', async () => {
    const { prisma } = await sqliteBranches()
    const { user } = prisma
    const { findFirstOrThrow } = prisma.user
    const { $queryRawUnsafe } = prisma
    const raw = async () => (await $queryRawUnsafe<{ email: string }[]>('SELECT email FROM "User"'))[0]?.email
    const seen = async () => [(await user.findFirstOrThrow()).email, (await findFirstOrThrow()).email, await raw()]
    for (const name of ['main', 'a', 'b']) {
      expect(await prisma.$withBranch(name === 'main' ? undefined : name, seen)).toEqual(
        Array(3).fill(`${name}@example.com`),
      )
    }
    const kept = prisma.$branch('c').user
    expect(await prisma.$withBranch('a', () => kept.findFirstOrThrow())).toMatchObject({ email: 'c@example.com' })
  })

  it('B8: inside the method of an extension, its own context is on the branch that it was called on', async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma.$extends({
      model: {
        user: {
          byEmail(email: string) {
            const users = Prisma.getExtensionContext(this) as unknown as typeof prisma.user
            return users.findUnique({ where: { email } })
          },
          byEmailOnTheRoot: (email: string) => prisma.user.findUnique({ where: { email } }),
        },
      },
    })
    const email = 'a@example.com'
    expect(await extended.$branch('a').user.byEmail(email)).toMatchObject({ email })
    expect(await extended.$withBranch('a', () => extended.user.byEmail(email))).toMatchObject({ email })
    expect(await extended.user.byEmail(email)).toBeNull()
    // The root follows the unit of work, wherever it is used.
    expect(await extended.$withBranch('a', () => extended.user.byEmailOnTheRoot(email))).toMatchObject({ email })
    expect(await extended.$branch('a').user.byEmailOnTheRoot(email)).toBeNull()
  })

  it('B8: a later $extends keeps the surface and the routing, and applies on branches as well', async () => {
    const { prisma } = await sqliteBranches()
    const queries: string[] = []
    const extended = prisma
      .$extends({ result: { user: { name: { needs: { email: true }, compute: ({ email }) => `<${email}>` } } } })
      .$extends({ model: { user: { first: async () => 'model' } }, client: { $flag: 'client' } })
      .$extends({
        query: {
          $allOperations: ({ operation, args, query }) => {
            queries.push(operation)
            return query(args)
          },
        },
      })
    expect((await extended.user.findFirstOrThrow()).name).toBe('<main@example.com>')
    expect((await extended.$branch('a').user.findFirstOrThrow()).name).toBe('<a@example.com>')
    await extended.$withBranch('b', async () => {
      expect((await extended.user.findFirstOrThrow()).name).toBe('<b@example.com>')
      expect([await extended.user.first(), extended.$flag]).toEqual(['model', 'client'])
      const inTransaction = await extended.$transaction(async (tx) => (await tx.user.findFirstOrThrow()).name)
      expect(inTransaction).toBe('<b@example.com>')
    })
    expect(queries).toEqual(Array(4).fill('findFirstOrThrow'))
    expect(extended.$branches).toBe(prisma.$branches)
    // The client it was made from is as it was.
    expect((await prisma.$branch('a').user.findFirstOrThrow()).name).toBeNull()
  })

  it("B8: an extension's methods find the branch of their call, and the surface, through their context", async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma.$extends({
      client: {
        async $whose(this: unknown) {
          return whose(this as typeof prisma)
        },
        async $whoseOf(this: unknown, name: string) {
          return whose((this as typeof prisma).$branch(name))
        },
      },
      model: {
        $allModels: {
          async emails(this: unknown) {
            return (await (this as typeof prisma.user).findMany()).map(({ email }) => email)
          },
        },
      },
    })
    expect(await extended.$whose()).toBe('main')
    expect(await extended.$branch('a').$whose()).toBe('a')
    expect(await extended.$withBranch('b', () => extended.$whose())).toBe('b')
    expect(await extended.$whoseOf('c')).toBe('c')
    const nested = extended.$extends({
      client: {
        async $both(this: unknown) {
          const client = this as typeof extended
          return [await client.$branch('b').$whose(), await client.$withBranch('c', () => client.$branch('a').$whose())]
        },
      },
    })
    expect(await nested.$both()).toEqual(['b', 'a'])
    expect(await nested.$branch('c').$both()).toEqual(['b', 'a'])
    expect(await extended.$branch('a').user.emails()).toEqual(['a@example.com'])
  })

  it('B8: an extension given as a function gets each client, and its closure stays on the branch', async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma.$extends((client) =>
      client.$extends({ client: { $closure: async () => whose(client as unknown as typeof prisma) } }),
    )
    expect(await extended.$closure()).toBe('main')
    expect(await extended.$branch('a').$closure()).toBe('a')
    expect(await extended.$withBranch('b', () => extended.$closure())).toBe('b')
  })

  it('two extended clients in one process do not disturb each other', async () => {
    const one = await sqliteBranches()
    const two = await sqliteBranches()
    const seen = await one.prisma.$withBranch('a', () =>
      two.prisma.$withBranch('b', async () => [await whose(one.prisma), await whose(two.prisma)]),
    )
    expect(seen).toEqual(['a', 'b'])
    expect(one.made).toEqual(['a'])
    expect(two.made).toEqual(['b'])
  })

  it("a listener's own queries go to the main client, in whichever unit of work the event was noticed", async () => {
    const { prisma } = await sqliteBranches({ maxAge: 0 })
    const seen: Promise<string>[] = []
    for (const event of ['opened', 'retired', 'closed'] as const)
      prisma.$branches.on(event, () => seen.push(whose(prisma)))
    await prisma.$withBranch('a', () => prisma.$withBranch('b', () => whose(prisma)))
    await prisma.$disconnect()
    expect(await Promise.all(seen)).toEqual(['main', 'main', 'main'])
  })

  it('has what a PrismaClient has: keys, in, spies, and no then', async () => {
    const { prisma } = await sqliteBranches()
    expect('user' in prisma && '$branch' in prisma && 'findMany' in prisma.user).toBe(true)
    expect('nothing' in prisma).toBe(false)
    expect(Object.keys(prisma)).toContain('user')
    expect((prisma as unknown as { then: unknown }).then).toBeUndefined()
    expect(await Promise.resolve(prisma)).toBe(prisma)
    expect(prisma.user.fields.email.name).toBe('email')
    const original = prisma.user.findMany
    prisma.user.findMany = (async () => []) as unknown as typeof original
    expect(await prisma.$withBranch('a', () => prisma.user.findMany())).toEqual([])
    prisma.user.findMany = original
    expect(await prisma.$withBranch('a', () => prisma.user.findMany())).toHaveLength(1)
    expect({ ...prisma.user }.findMany).toBe(original)
  })
})

describe('transactions', () => {
  it('an interactive transaction stays on its branch, whatever happens around it', async () => {
    const { prisma } = await sqliteBranches()
    const seen = await prisma.$withBranch('a', () =>
      prisma.$transaction((tx) =>
        prisma.$withBranch('b', async () => {
          await tx.user.create({ data: { email: 'tx@example.com' } })
          return [await whose(tx), await whose(prisma)]
        }),
      ),
    )
    expect(seen).toEqual(['a', 'b'])
    expect(await prisma.$branch('a').user.count()).toBe(2)
  })

  it('refuses $branch and $withBranch on the client of a transaction', async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma.$extends({ name: 'on top' })
    const refused = { name: 'BranchInTransactionError', code: 'BRANCH_IN_TRANSACTION' }
    for (const client of [prisma, prisma.$branch('a'), extended, extended.$branch('a')]) {
      for (const leave of [
        (tx: typeof prisma) => tx.$branch('b'),
        (tx: typeof prisma) => tx.$withBranch('b', async () => {}),
      ]) {
        const attempt = client.$transaction(async (tx) => leave(tx as unknown as typeof prisma))
        await expect(attempt).rejects.toMatchObject(refused)
        const nested = client.$transaction((tx) =>
          (tx as unknown as typeof prisma).$transaction(async (inner) =>
            (inner as never as typeof prisma).$branch('b'),
          ),
        )
        await expect(nested).rejects.toThrow()
      }
    }
  })

  it('rolls back as ever', async () => {
    const { prisma } = await sqliteBranches()
    await prisma.$withBranch('a', async () => {
      const attempt = prisma.$transaction(async (tx) => {
        await tx.user.create({ data: { email: 'gone@example.com' } })
        throw new Error('changed my mind')
      })
      await expect(attempt).rejects.toThrow('changed my mind')
      expect(await prisma.user.count()).toBe(1)
    })
  })

  it('B9: rejects a batch of promises of different branches before anything is written', async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma.$extends({ name: 'on top' })
    const create = (client: Pick<typeof prisma, 'user'>) => client.user.create({ data: { email: 'mixed@example.com' } })
    const raw = (client: typeof prisma) => client.$executeRaw`INSERT INTO "User" ("email") VALUES ('mixed@example.com')`
    const [a, b] = [prisma.$branch('a'), prisma.$branch('b')]
    const attempts = [
      () => prisma.$transaction([create(prisma), create(a)]),
      () => a.$transaction([create(a), create(b)]),
      () => a.$transaction([create(b)]),
      () => prisma.$transaction([raw(prisma), raw(a)]),
      () => extended.$transaction([create(extended), create(extended.$branch('a'))]),
      () => prisma.$withBranch('a', () => prisma.$transaction([create(prisma), create(b)])),
      () => prisma.$transaction([create(prisma), create(a).posts()]),
    ]
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ name: 'MixedTransactionError', code: 'BRANCH_MIXED_TRANSACTION' })
    }
    for (const client of [prisma, a, b]) expect(await client.user.count()).toBe(1)
  })

  it('stands for the promise that Prisma returns: sent when it is awaited, with its relations', async () => {
    const { prisma } = await sqliteBranches()
    const user = { email: 'lazy@example.com', posts: { create: { title: 'one' } } }
    const query = prisma.$branch('a').user.create({ data: user })
    expect(Object.prototype.toString.call(query)).toBe('[object PrismaPromise]')
    expect(inspect(query, { depth: 9, showHidden: true, showProxy: true })).not.toContain('file:')
    expect(await prisma.$branch('a').user.count()).toBe(1)
    expect((await query.finally(() => {})).email).toBe(user.email)
    const posts = await prisma
      .$branch('a')
      .user.findUniqueOrThrow({ where: { email: user.email } })
      .posts()
    expect(posts.map(({ title }) => title)).toEqual(['one'])
    const taken = prisma.$branch('a').user.create({ data: { email: user.email } })
    expect(await taken.catch(({ code }: { code: string }) => code)).toBe('P2002')
  })

  it('B9: takes a batch of one branch, from whichever of its clients', async () => {
    const { prisma } = await sqliteBranches()
    const extended = prisma.$extends({ name: 'on top' })
    await prisma.$withBranch('a', async () => {
      await prisma.$transaction([
        prisma.user.create({ data: { email: '1@example.com' } }),
        prisma.$branch('a').user.create({ data: { email: '2@example.com' } }),
        extended.user.create({ data: { email: '3@example.com' } }),
        prisma.$executeRaw`INSERT INTO "User" ("email") VALUES ('4@example.com')`,
        prisma
          .$branch('a')
          .user.findUnique({ where: { id: 1 } })
          .posts({ take: 1 }),
      ])
      const failing = prisma.$transaction([
        prisma.user.create({ data: { email: '5@example.com' } }),
        prisma.user.create({ data: { email: '1@example.com' } }),
      ])
      await expect(failing).rejects.toMatchObject({ code: 'P2002' })
      expect(await prisma.user.count()).toBe(5)
    })
  })
})
