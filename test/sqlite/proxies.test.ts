import { inspect } from 'node:util'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/sqlite/client.ts'
import { branches } from '../../src/index.ts'
import { temporaryDirectory } from '../kit/pool-bench.ts'
import { sqliteFile } from '../kit/sqlite-branches.ts'

const SECRET = 'S3CRET'

/** What adapters have that keep the URL they were given. */
class TellingAdapter extends PrismaLibSql {
  readonly connection = { password: SECRET }
}

// biome-ignore lint/suspicious/noExplicitAny: what is looked at is not in the types.
type Loose = any

/** A bare client, one with branches, and that of a branch, each made anew: what is tried may spoil it. */
async function clients(): Promise<Record<'bare' | 'main' | '$branch', Loose>> {
  const url = await sqliteFile(temporaryDirectory(), 'all')
  const adapter = () => new TellingAdapter({ url })
  const client = (given: ReturnType<typeof adapter>) => new PrismaClient({ adapter: given })
  const extended = () =>
    client(adapter())
      .$extends(branches({ url: () => url, adapter, client: (managed) => new PrismaClient({ adapter: managed }) }))
      .$extends({ client: { $x: 1 } })
  const bare = client(adapter()).$extends({ client: { $x: 1 } })
  const [main, other] = [extended(), extended()]
  onTestFinished(async () => {
    await Promise.all([bare, main, other].map((one) => one.$disconnect()))
  })
  return { bare, main, $branch: other.$branch('a') }
}

/** What `look` sees, or the class of what it throws. */
function seen(look: (client: Loose) => unknown, client: Loose): unknown {
  try {
    return look(client)
  } catch (error) {
    return `throws ${(error as Error).constructor.name}`
  }
}

const LOOKS_AT_A_CLIENT: Record<string, (client: Loose) => unknown> = {
  'instanceof PrismaClient': (client) => client instanceof PrismaClient,
  'its class': (client: Loose) => client.constructor === PrismaClient,
  'toString tag': (client) => Object.prototype.toString.call(client),
  'keys of a model': (client) => Object.keys(client.user),
  'own things': (client) => ['user', '$x', '$transaction'].map((name) => Object.hasOwn(client, name)),
  'things in it': (client) => ['user', '$x', 'nothing'].map((name) => name in client),
  'something else': (client) => client.nothing,
  'then, for whoever awaits it': (client) => [client.then, client.user.then],
  'a spread': (client) => typeof { ...client }.user,
  structuredClone: (client) => structuredClone(client),
  'Object.freeze': (client) => Object.freeze(client),
  'Object.freeze of a model': (client) => Object.freeze(client.user),
  delete: (client) => {
    delete client.post
    return typeof client.post.findMany
  },
  'something assigned': (client) => {
    client.mine = 1
    return [client.mine, 'mine' in client, Object.keys(client).includes('mine')]
  },
}

describe('a client', () => {
  it.each(Object.entries(LOOKS_AT_A_CLIENT))('is to be looked at as Prisma’s: %s', async (_what, look) => {
    const { bare, main, $branch } = await clients()
    expect([seen(look, main), seen(look, $branch)]).toEqual(Array(2).fill(seen(look, bare)))
  })

  it('has all the keys of Prisma’s', async () => {
    const { bare, main, $branch } = await clients()
    for (const client of [main, $branch]) {
      expect(Object.keys(client)).toEqual(expect.arrayContaining(Object.keys(bare)))
    }
  })

  it('does its work after somebody tried to freeze it or its models', async () => {
    const { main, $branch } = await clients()
    for (const client of [main, $branch]) {
      expect(() => Object.freeze(client)).toThrow(TypeError)
      expect(() => Object.freeze(client.user)).toThrow(TypeError)
      expect(await client.user.count()).toBe(1)
      await client.$transaction(async (tx: Loose) => {
        expect(() => Object.freeze(tx)).toThrow(TypeError)
        expect(() => Object.freeze(tx.user)).toThrow(TypeError)
        expect(await tx.user.count()).toBe(1)
      })
    }
  })

  it('asks the getters of an extension as often as Prisma', async () => {
    const { bare, main, $branch } = await clients()
    const asked = (client: Loose) => {
      let times = 0
      const extended = client.$extends({
        client: {
          get $settings() {
            return { asked: ++times }
          },
        },
        model: {
          user: {
            get table() {
              return `User${++times}`
            },
          },
        },
      })
      const read = () => [extended.$settings.asked, extended.user.table, times]
      return [times, read(), read(), Object.keys(extended).length > 0, times]
    }
    expect(asked(main)).toEqual(asked(bare))
    // One more client has one more of each.
    expect(asked($branch)).toMatchObject([
      expect.any(Number),
      expect.any(Array),
      expect.any(Array),
      true,
      expect.any(Number),
    ])
  })
})

const INSPECTIONS = [{}, { showHidden: true }, { showProxy: true }, { showHidden: true, showProxy: true }]

/** Everything that a value is printed as, as far as it can be. */
function printed(value: unknown, depth = 12): string {
  const prints = [
    ...INSPECTIONS.map((options) => () => inspect(value, { depth, ...options })),
    () => JSON.stringify(value),
    () => inspect(Object.getOwnPropertyDescriptors(value), { depth: 3 }),
  ]
  return prints.map((print) => seen(print, undefined)).join('\n')
}

describe('printing', () => {
  const parts: Record<string, (client: Loose) => unknown> = {
    client: (client) => client,
    model: (client) => client.user,
    'client of a model': (client) => client.user.$parent,
    'client it was made from': (client) => client.$parent,
    'client before extensions': (client) => client._originalClient,
    configuration: (client) => client._engineConfig,
    query: (client) => client.user.findMany(),
    'query of one': (client) => client.user.findUnique({ where: { id: 1 } }),
    'query of a relation': (client) => client.user.findUnique({ where: { id: 1 } }).posts(),
    'raw query': (client) => client.$queryRawUnsafe('SELECT 1'),
  }

  it('shows the secret of a bare client, or these tests could not fail', async () => {
    const { bare } = await clients()
    const telling = Object.keys(parts).filter((part) => printed(parts[part]?.(bare), 4).includes(SECRET))
    expect(telling).toEqual(expect.arrayContaining(['client of a model', 'client before extensions', 'configuration']))
  })

  it.each(Object.entries(parts))('never shows a secret: %s', async (_part, of) => {
    const { main, $branch } = await clients()
    for (const client of [main, $branch]) {
      expect(printed(of(client))).not.toContain(SECRET)
      await client.$transaction(async (tx: Loose) => expect(printed(of(tx))).not.toContain(SECRET))
      await main
        .$extends({
          client: {
            $look(this: Loose) {
              expect(printed(of(this))).not.toContain(SECRET)
            },
          },
        })
        .$look()
    }
  })

  it('ends: as JSON, a client and its models are their labels', async () => {
    const { main, $branch } = await clients()
    expect(JSON.parse(JSON.stringify({ main, user: main.user, $branch: $branch.post }))).toEqual({
      main: 'PrismaClient',
      user: 'PrismaClient.user',
      $branch: expect.stringMatching(/^PrismaClient\(.+\)\.post$/),
    })
    const inTransaction = await main.$transaction(async (tx: Loose) => JSON.stringify([tx, tx.user]))
    expect(JSON.parse(inTransaction)).toEqual(Array(2).fill('PrismaClient (of a transaction)'))
  })
})
