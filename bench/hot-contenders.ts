import { PrismaPg } from '@prisma/adapter-pg'
import { readReplicas } from '@prisma/extension-read-replicas'
import { type Prisma, PrismaClient } from '../generated/postgres/client.ts'
import { branches } from '../src/index.ts'
import { schemaAdapter } from '../src/postgres.ts'

/** A way to do the same operation. */
export interface HotContender {
  name: string
  goal?: number
  /** Besides `findFirst`, measured with every operation. */
  everywhere?: boolean
  /** Called for each operation. A client for the operations, which the types of extended clients do not say. */
  client(): object
  /** What it is beside; by default the bare client. */
  beside?(): object
  within?(work: () => Promise<unknown>): Promise<unknown>
}

const THROUGH_BRANCH = 1.02
const ROUTED = 1.03
const UNMEASURABLE = 1.01

/** The bare client, and everything beside it, on one schema. */
export function hotContenders(url: string, serverUrl: string) {
  const adapter = schemaAdapter(PrismaPg, { max: 4 })
  const clients: { $disconnect(): Promise<void> }[] = []
  const keep = <T extends { $disconnect(): Promise<void> }>(client: T): T => {
    clients.push(client)
    return client
  }
  const plain = () => keep(new PrismaClient({ adapter: adapter(url) }))
  const options = {
    url: (_branch: string) => url,
    adapter,
    client: (managed: Prisma.PrismaClientOptions['adapter'] & object) => new PrismaClient({ adapter: managed }),
    maxAge: 3_600_000,
    healthChecks: false,
  }
  const onTop = { name: 'on top', client: { $version: 1 } }
  const bare = plain()
  const another = plain()
  const prisma = keep(plain().$extends(branches(options)))
  const checked = keep(plain().$extends(branches({ ...options, healthChecks: true })))
  const template = keep(plain().$extends(branches({ ...options, url: `${serverUrl}?schema=branch_{branch}` })))
  const branch = prisma.$branch('bench')
  const extended = prisma.$extends(onTop)
  const bareExtended = plain().$extends(onTop)
  const byQuery = plain().$extends({ query: { $allOperations: ({ args, query }) => query(args) } })
  const replicated = plain().$extends(readReplicas({ replicas: [plain()] }))

  const contenders: HotContender[] = [
    { name: '(another bare client: the noise)', everywhere: true, client: () => another },
    { name: '$branch, kept', goal: THROUGH_BRANCH, everywhere: true, client: () => branch },
    { name: '$branch(name) each time', goal: THROUGH_BRANCH, client: () => prisma.$branch('bench') },
    { name: '$branch(name), url a template', client: () => template.$branch('bench') },
    {
      name: 'inside $withBranch',
      goal: ROUTED,
      everywhere: true,
      client: () => prisma,
      within: (work) => prisma.$withBranch('bench', work),
    },
    {
      name: 'inside $withBranch, health checks, beside none',
      goal: UNMEASURABLE,
      everywhere: true,
      client: () => checked,
      beside: () => prisma,
      within: (work) => prisma.$withBranch('bench', () => checked.$withBranch('bench', work)),
    },
    { name: 'bare with any $extends', client: () => bareExtended },
    {
      name: 'inside $withBranch, the same $extends on top, beside it',
      goal: ROUTED,
      client: () => extended,
      beside: () => bareExtended,
      within: (work) => extended.$withBranch('bench', work),
    },
    { name: '(a pass-through query component)', everywhere: true, client: () => byQuery },
    { name: '(@prisma/extension-read-replicas)', everywhere: true, client: () => replicated },
  ]
  const close = async () => void (await Promise.all(clients.map((client) => client.$disconnect())))
  return { bare, contenders, close }
}
