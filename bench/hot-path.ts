import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../generated/postgres/client.ts'
import { branches } from '../src/index.ts'
import { schemaAdapter, schemaUrl } from '../src/postgres.ts'
import { createBranch, migrate } from '../test/kit/branches.ts'
import { startPostgres } from '../test/kit/embedded-postgres.ts'
import { type Contender, compare } from './compare.ts'

/** CPU per `findFirst`: a bare PrismaClient, and the same through the extension. */
export async function hotPath(): Promise<boolean> {
  const server = await startPostgres()
  try {
    await migrate(server)
    const url = schemaUrl(server.url, await createBranch(server, 'bench'))
    const adapter = schemaAdapter(PrismaPg, { max: 2 })
    const bare = new PrismaClient({ adapter: adapter(url) })
    const options = {
      url: () => url,
      adapter,
      client: (managed: ConstructorParameters<typeof PrismaClient>[0]['adapter'] & object) =>
        new PrismaClient({ adapter: managed }),
      maxAge: 3_600_000,
      healthChecks: false,
    }
    const main = () => new PrismaClient({ adapter: adapter(url) })
    const prisma = main().$extends(branches(options))
    const checked = main().$extends(branches({ ...options, healthChecks: true }))
    const template = main().$extends(branches({ ...options, url: `${url}&application_name={branch}` }))
    const extended = prisma.$extends({ name: 'on top', client: { $version: 1 } })
    const byQuery = new PrismaClient({ adapter: adapter(url) }).$extends({
      query: { $allOperations: ({ args, query }) => query(args) },
    })
    await bare.user.create({ data: { email: 'bench@example.com' } })

    const branch = prisma.$branch('bench')
    const repeat = async (operations: number, work: () => PromiseLike<unknown>) => {
      for (let i = 0; i < operations; i++) await work()
    }
    const baseline: Contender = { name: 'bare PrismaClient', run: (n) => repeat(n, () => bare.user.findFirst()) }
    const contenders: Contender[] = [
      { ...baseline, name: '(bare beside bare: the noise)' },
      { name: '$branch, kept', goal: 1.05, run: (n) => repeat(n, () => branch.user.findFirst()) },
      {
        name: '$branch(name) each time',
        goal: 1.05,
        run: (n) => repeat(n, () => prisma.$branch('bench').user.findFirst()),
      },
      {
        name: '$branch(name), url a template',
        run: (n) => repeat(n, () => template.$branch('bench').user.findFirst()),
      },
      {
        name: 'inside $withBranch',
        goal: 1.08,
        run: (n) => prisma.$withBranch('bench', () => repeat(n, () => prisma.user.findFirst())),
      },
      {
        name: 'inside $withBranch, $extends on top',
        run: (n) => extended.$withBranch('bench', () => repeat(n, () => extended.user.findFirst())),
      },
      {
        name: 'inside $withBranch, health checks',
        run: (n) => checked.$withBranch('bench', () => repeat(n, () => checked.user.findFirst())),
      },
      { name: '(a pass-through query component)', run: (n) => repeat(n, () => byQuery.user.findFirst()) },
    ]
    const met = await compare('CPU per findFirst', baseline, contenders, { operations: 50, rounds: 60 })
    await Promise.all([prisma, checked, template, bare, byQuery].map((client) => client.$disconnect()))
    return met
  } finally {
    await server.stop()
  }
}
