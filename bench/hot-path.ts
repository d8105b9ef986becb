import { PrismaPg } from '@prisma/adapter-pg'
import { type Prisma, PrismaClient } from '../generated/postgres/client.ts'
import { branches } from '../src/index.ts'
import { schemaAdapter, schemaUrl } from '../src/postgres.ts'
import { createBranch } from '../test/kit/branches.ts'
import { startPostgres } from '../test/kit/embedded-postgres.ts'
import { type Contender, compare } from './compare.ts'
import { atMost, type Result } from './result.ts'

/** CPU per `findFirst`: a bare PrismaClient, and the same through the extension. */
export async function hotPath(): Promise<Result> {
  const server = await startPostgres()
  try {
    const url = schemaUrl(server.url, await createBranch(server, 'bench'))
    const adapter = schemaAdapter(PrismaPg, { max: 2 })
    const options = {
      url: (_branch: string) => url,
      adapter,
      client: (managed: Prisma.PrismaClientOptions['adapter'] & object) => new PrismaClient({ adapter: managed }),
      maxAge: 3_600_000,
      healthChecks: false,
    }
    const main = () => new PrismaClient({ adapter: adapter(url) })
    const bare = main()
    const prisma = main().$extends(branches(options))
    const checked = main().$extends(branches({ ...options, healthChecks: true }))
    const template = main().$extends(branches({ ...options, url: `${url}&application_name={branch}` }))
    const byQuery = main().$extends({ query: { $allOperations: ({ args, query }) => query(args) } })
    const extension = { name: 'on top', client: { $version: 1 } }
    const bareExtended = main().$extends(extension)
    const extended = prisma.$extends(extension)
    const branch = prisma.$branch('bench')
    await bare.user.create({ data: { email: 'bench@example.com' } })

    const baseline: Contender = { name: 'bare PrismaClient', run: () => bare.user.findFirst() }
    const contenders: Contender[] = [
      { ...baseline, name: '(bare beside bare: the noise)' },
      { name: '$branch, kept', goal: 1.02, run: () => branch.user.findFirst() },
      { name: '$branch(name) each time', goal: 1.02, run: () => prisma.$branch('bench').user.findFirst() },
      { name: '$branch(name), url a template', run: () => template.$branch('bench').user.findFirst() },
      {
        name: 'inside $withBranch',
        goal: 1.03,
        run: () => prisma.user.findFirst(),
        within: (work) => prisma.$withBranch('bench', work),
      },
      {
        name: 'inside $withBranch, health checks',
        goal: 1.03,
        run: () => checked.user.findFirst(),
        within: (work) => checked.$withBranch('bench', work),
      },
      { name: '(a pass-through query component)', run: () => byQuery.user.findFirst() },
      { name: '(bare with any $extends)', run: () => bareExtended.user.findFirst() },
      {
        name: 'inside $withBranch, the same $extends',
        run: () => extended.user.findFirst(),
        within: (work) => extended.$withBranch('bench', work),
      },
    ]
    const measured = await compare(baseline, contenders, { operations: 100, rounds: 30 })
    const clients = [bare, prisma, checked, template, byQuery, bareExtended]
    await Promise.all(clients.map((client) => client.$disconnect()))
    return {
      name: 'hot-path',
      title: 'CPU per findFirst, beside a bare client: the median of 30 rounds of 100 operations each',
      rows: measured.map(({ contender, time, ratio, quartiles }) => ({
        contender: contender.name,
        'µs of CPU': Math.round(time),
        ratio: ratio.toFixed(3),
        quartiles: quartiles.map((value) => value.toFixed(3)).join('–'),
      })),
      goals: measured.flatMap(({ contender: { goal, name }, ratio }) => {
        return goal === undefined ? [] : [atMost(name, goal, ratio)]
      }),
    }
  } finally {
    await server.stop()
  }
}
