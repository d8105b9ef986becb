import type { PrismaClient } from '../../generated/sqlite/client.ts'
import { type IsolationRecorder, MAIN, type Visit } from './isolation-record.ts'

/** As much of a client as the work needs. Those generated for other databases are typed as this one. */
export type IsolationClient = Pick<
  PrismaClient,
  'user' | 'post' | '$transaction' | '$queryRawUnsafe' | '$executeRawUnsafe'
>

/** An application with branches. */
export interface IsolationSite {
  /** Follows the unit of work. */
  readonly prisma: IsolationClient
  /** Runs a unit of work on a branch, or on {@link MAIN}. */
  unit<T>(branch: string, work: () => Promise<T>): Promise<T>
  /** The client of a branch, or of {@link MAIN}, whatever the unit of work. */
  handle(branch: string): IsolationClient
  /** Each has a first user that is named after it: `a@example.com`. Without main. */
  readonly branches: readonly string[]
  quote(identifier: string): string
}

/** Where a piece of work is done, and who writes it down. */
export interface IsolationScene {
  readonly site: IsolationSite
  readonly recorder: IsolationRecorder
  /** Two branches, or a branch and main. */
  readonly home: string
  readonly other: string
}

export interface IsolationWork {
  readonly name: string
  readonly transactions?: boolean
  /**
   * Holds one branch while it waits for another. As many of these at a time as there may be pools would wait for each other,
   * whoever lends them the pools.
   */
  readonly holds?: boolean
  run(scene: IsolationScene): Promise<void>
}

const create = (client: Pick<IsolationClient, 'user'>, email: string) => client.user.create({ data: { email } })

const LATEST = { orderBy: { id: 'desc' }, take: 15, include: { posts: true } } as const

/** What its caller has written, what was written last by anybody, and how many rows are not of this branch. */
async function readAll(visit: Visit, client: Pick<IsolationClient, 'user'>, written: string[]): Promise<void> {
  await visit.read(() => client.user.findMany({ where: { email: { in: written } } }), written)
  await visit.read(() => client.user.findMany(LATEST))
  const others = await client.user.count({ where: { NOT: { email: { startsWith: visit.branch } } } })
  visit.counted('rows of others', others, 0)
}

/** As `Promise.all`, but nothing of it is under way any more when it rejects. */
async function all<T>(work: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

/**
 * A number's piece of work: each kind comes to each branch in turn, with another one beside it each time.
 *
 * @param names of at least two branches, or of branches and main
 */
export function isolationPiece(number: number, kinds: readonly IsolationWork[], names: readonly string[]) {
  const turn = Math.floor(number / kinds.length)
  const place = (number % kinds.length) + turn
  const named = (at: number) => names[at % names.length] as string
  return {
    kind: kinds[number % kinds.length] as IsolationWork,
    home: named(place),
    other: named(place + 1 + (turn % (names.length - 1))),
  }
}

/** Every way in which the work of one branch can come near that of another. */
export const ISOLATION_WORK: readonly IsolationWork[] = [
  {
    name: 'a handle inside of a unit of another branch',
    async run({ site, recorder, home, other }) {
      const [own, guest] = [recorder.visit(home), recorder.visit(other)]
      const [first, second, third] = [own.mark(), guest.mark(), own.mark()]
      await site.unit(home, async () => {
        const handle = site.handle(other)
        await own.write([first], () => create(site.prisma, first))
        await guest.write([second], () => create(handle, second))
        await own.write([third], () => create(site.prisma, third))
        await all([readAll(own, site.prisma, [first, third]), readAll(guest, handle, [second])])
      })
      await guest.read(() => site.handle(other).user.findUnique({ where: { email: second } }), [second])
    },
  },
  {
    name: 'a unit inside of a unit of another branch, with delegates that were kept',
    async run({ site, recorder, home, other }) {
      const [own, guest] = [recorder.visit(home), recorder.visit(other)]
      const kept: Pick<IsolationClient, 'user'> = { user: site.prisma.user }
      const [first, second, third] = [own.mark(), guest.mark(), own.mark()]
      await site.unit(home, async () => {
        await own.write([first], () => create(kept, first))
        await site.unit(other, async () => {
          await guest.write([second], () => create(kept, second))
          await readAll(guest, kept, [second])
        })
        await own.write([third], () => create(kept, third))
        await readAll(own, kept, [first, third])
      })
    },
  },
  {
    name: 'findUnique on every branch in one tick, which Prisma batches',
    async run({ site, recorder, home }) {
      const byHandle = site.branches.flatMap((branch) => {
        const visit = recorder.visit(branch)
        const { user } = site.handle(branch)
        const first = { where: { id: 1 } }
        const of = [`${branch}@example.com`]
        return [
          visit.read(() => user.findUnique(first), of),
          visit.read(() => user.findUnique(first).posts()),
          ...[2, 3].map((id) => visit.read(() => user.findUnique({ where: { id }, include: { posts: true } }))),
        ] as Promise<unknown>[]
      })
      const inUnits = [home, ...site.branches].map((branch) => {
        const visit = recorder.visit(branch)
        return site.unit(branch, () =>
          all(
            [1, 2, 3].map((id) =>
              visit.read(() => site.prisma.user.findUnique({ where: { id } })),
            ) as Promise<unknown>[],
          ),
        )
      })
      await all([...byHandle, ...inUnits])
    },
  },
  {
    name: 'promises of one unit that another awaits',
    async run({ site, recorder, home, other }) {
      const [own, guest] = [recorder.visit(home), recorder.visit(other)]
      const [first, second] = [own.mark(), guest.mark()]
      const made = await site.unit(home, async () => ({
        created: create(site.prisma, first),
        found: site.prisma.user.findMany(LATEST),
      }))
      await site.unit(other, async () => {
        await own.write([first], () => made.created)
        await own.read(() => made.found, [first])
        await guest.write([second], () => create(site.prisma, second))
        await readAll(guest, site.prisma, [second])
      })
    },
  },
  {
    name: 'batches side by side, in a unit and of another branch',
    transactions: true,
    async run({ site, recorder, home, other }) {
      const [own, guest] = [recorder.visit(home), recorder.visit(other)]
      const batch = async (visit: Visit, client: IsolationClient) => {
        const marks = [visit.mark(), visit.mark(), visit.mark()] as const
        const [author, , title] = marks
        await visit.write(marks, () =>
          client.$transaction([
            create(client, author),
            create(client, marks[1]),
            client.post.create({ data: { title, author: { connect: { email: author } } } }),
            client.user.findMany(LATEST),
          ]),
        )
        await visit.read(() => client.post.findMany({ where: { title }, include: { author: true } }), [author, title])
      }
      await site.unit(home, () => all([batch(own, site.prisma), batch(guest, site.handle(other))]))
    },
  },
  {
    name: 'batches of two branches, which have to be refused',
    async run({ site, recorder, home, other }) {
      const [own, guest] = [recorder.visit(home), recorder.visit(other)]
      const refused = async (client: IsolationClient, ...makers: [client: IsolationClient, mark: string][]) => {
        const marks = makers.map(([, mark]) => mark)
        const error = await own.undone(marks, () =>
          client.$transaction(makers.map(([maker, mark]) => create(maker, mark))),
        )
        if ((error as { code?: string }).code !== 'BRANCH_MIXED_TRANSACTION') throw error
      }
      const [handle, own_] = [site.handle(other), site.handle(home)]
      await site.unit(home, async () => {
        await refused(site.prisma, [site.prisma, own.mark()], [handle, guest.mark()])
        await refused(handle, [handle, guest.mark()], [site.prisma, own.mark()])
      })
      await refused(own_, [handle, guest.mark()])
    },
  },
  {
    name: 'interactive transactions, one taken back, with a handle of another branch inside',
    transactions: true,
    holds: true,
    async run({ site, recorder, home, other }) {
      // Always in this order, or two of them could wait for each other's transaction, where a database has one at a time.
      const [low, high] = [home, other].sort() as [string, string]
      const [own, guest] = [recorder.visit(low), recorder.visit(high)]
      const [first, second, third, undone] = [own.mark(), guest.mark(), own.mark(), own.mark()]
      await site.unit(low, async () => {
        await own.write([first, third], () =>
          site.prisma.$transaction(async (tx) => {
            await create(tx, first)
            await guest.write([second], () => create(site.handle(high), second))
            await readAll(own, tx, [first])
            await create(tx, third)
          }),
        )
        const takenBack = new Error('taken back')
        const error = await own.undone([undone], () =>
          site.prisma.$transaction(async (tx) => {
            await create(tx, undone)
            await readAll(guest, site.handle(high), [second])
            throw takenBack
          }),
        )
        if (error !== takenBack) throw error
        await readAll(own, site.prisma, [first, third])
      })
    },
  },
  {
    name: 'interactive transactions side by side',
    transactions: true,
    async run({ site, recorder, home, other }) {
      const transact = async (visit: Visit, client: IsolationClient) => {
        const [first, second] = [visit.mark(), visit.mark()]
        await visit.write([first, second], () =>
          client.$transaction(async (tx) => {
            await create(tx, first)
            await readAll(visit, tx, [first])
            await create(tx, second)
          }),
        )
        await readAll(visit, client, [first, second])
      }
      const [own, guest] = [recorder.visit(home), recorder.visit(other)]
      await site.unit(home, () => all([transact(own, site.prisma), transact(guest, site.handle(other))]))
    },
  },
  {
    name: 'raw SQL in a unit, and of another branch',
    async run({ site, recorder, home, other }) {
      const [user, email] = [site.quote('User'), site.quote('email')]
      const raw = async (visit: Visit, client: IsolationClient) => {
        const mark = visit.mark()
        await visit.write([mark], () => client.$executeRawUnsafe(`INSERT INTO ${user} (${email}) VALUES ('${mark}')`))
        const select = `SELECT ${email} FROM ${user} WHERE ${email} = '${mark}' OR id <= 3`
        await visit.read(() => client.$queryRawUnsafe(select), [mark])
      }
      const [own, guest] = [recorder.visit(home), recorder.visit(other)]
      await site.unit(home, () => all([raw(own, site.prisma), raw(guest, site.handle(other))]))
    },
  },
  {
    name: 'rows that are renamed and deleted',
    async run({ site, recorder, home, other }) {
      const [own, guest] = [recorder.visit(home), recorder.visit(other)]
      const change = async (visit: Visit, client: IsolationClient) => {
        const [kept, deleted, before, after] = [visit.mark(), visit.mark(), visit.mark(), visit.mark()]
        await visit.write([kept, before], () => client.user.create({ data: { email: kept, name: before } }))
        await visit.write([deleted], () => client.user.createMany({ data: [{ email: deleted }] }))
        const where = { email: kept }
        const renamed = await visit.write([after], () => client.user.updateMany({ where, data: { name: after } }), [
          before,
        ])
        visit.counted('rows that it renamed', renamed.count, 1)
        const gone = await visit.write([], () => client.user.deleteMany({ where: { email: deleted } }), [deleted])
        visit.counted('rows that it deleted', gone.count, 1)
        await visit.read(() => client.user.findMany({ where }), [kept, after])
      }
      await site.unit(home, () => all([change(own, site.prisma), change(guest, site.handle(other))]))
    },
  },
  {
    name: 'main, in a unit of a branch and in none',
    async run({ site, recorder, home }) {
      const [own, main] = [recorder.visit(home), recorder.visit(MAIN)]
      const mark = own.mark()
      await site.unit(home, async () => {
        await own.write([mark], () => create(site.prisma, mark))
        await readAll(main, site.handle(MAIN), [])
      })
      await readAll(main, site.prisma, [])
      await site.unit(MAIN, () => readAll(main, site.prisma, []))
    },
  },
]
