import { setTimeout as delay } from 'node:timers/promises'
import { PrismaClient } from '../../../generated/sqlite/client.ts'
import type { SqlDriverAdapter } from '../../../src/driver/driver-adapter.ts'
import type { BranchesOptions } from '../../../src/settings/options.ts'
import { fakeBranches } from '../kit/fake-branches.ts'
import { FakeDriver } from '../kit/fake-driver.ts'
import { Graveyard } from '../kit/graveyard.ts'

// Prints which clients and adapters were made that ought to be garbage at the end, and which of them are still there.
// Arguments: a scenario, and, to show that it would be found, `leak`: somebody keeps every client of a branch.

const IN_USE = 'in use'

const graveyard = new Graveyard()
const driver = new FakeDriver()
const kept = new Map<string, object>()
const leak = process.argv[3] === 'leak'

let latest = ''
let disconnected = 0
const nameOf = (url: string) => url.replace(/^file:\/|\.db$/g, '')

/** The clients that the application makes for branches and their adapters are watched, but not of branches in use. */
function extended(options: Partial<BranchesOptions> = {}) {
  const prisma = fakeBranches(driver, {
    maxAge: Infinity,
    adapter(url) {
      const branch = nameOf(url)
      const factory = driver.factory()
      let number = 0
      const connect = async (): Promise<SqlDriverAdapter> => {
        const adapter = await factory.connect()
        if (!branch.startsWith(IN_USE)) graveyard.bury(`adapter ${++number} of ${branch}`, adapter)
        return adapter
      }
      // The client option is called right after, for the same branch.
      latest = branch
      return { ...factory, connect }
    },
    client(adapter) {
      class Client extends PrismaClient {
        override async $disconnect() {
          await super.$disconnect()
          disconnected++
        }
      }
      const client = new Client({ adapter })
      const branch = latest
      if (!branch.startsWith(IN_USE)) graveyard.bury(`client of ${branch}`, client)
      if (leak) kept.set(branch, client)
      return client
    },
    ...options,
  })
  const visit = async (name: string) => {
    const branch = prisma.$branch(name)
    await branch.user.findMany()
    await branch.$transaction((transaction) => transaction.user.findMany())
    await prisma.$withBranch(name, () => prisma.user.findMany())
  }
  /** Clients that are let go of are kept until they have been at rest. */
  const disconnects = async (clients: number) => {
    while (disconnected < clients) await delay(5)
  }
  return { prisma, visit, disconnects }
}

/** Each returns what stays in use, so that what it holds is not garbage. */
const scenarios = {
  async closed() {
    const { prisma, visit, disconnects } = extended()
    await visit('a')
    await prisma.$branches.close('a')
    await disconnects(1)
    return prisma
  },
  async swapped() {
    const { prisma, visit } = extended({ maxAge: 10, client: (adapter) => new PrismaClient({ adapter }) })
    for (let visits = 0; visits < 5; visits++) {
      await visit('a')
      await delay(20)
    }
    await prisma.$branches.closeObsolete()
    return prisma
  },
  async shed() {
    const { prisma, visit, disconnects } = extended({ maxClients: 2 })
    for (const name of ['a', 'b', IN_USE, `${IN_USE} too`, `${IN_USE} as well`]) await visit(name)
    await disconnects(2)
    return prisma
  },
  async disconnected() {
    const { prisma, visit } = extended()
    for (const name of ['a', 'b']) await visit(name)
    await prisma.$disconnect()
    return prisma
  },
  async dropped() {
    const { prisma, visit } = extended()
    graveyard.bury('extended client', prisma)
    await visit('a')
    await prisma.$disconnect()
    return undefined
  },
  async forgotten() {
    const { prisma, visit } = extended({ maxAge: 50 })
    graveyard.bury('extended client', prisma)
    await visit('a')
    return undefined
  },
} satisfies Record<string, () => Promise<unknown>>

/**
 * Prisma keeps the arguments of the last 100 messages that it would log for debugging, adapters among them. Other work
 * pushes them out.
 */
async function otherWork(): Promise<void> {
  for (let clients = 0; clients < 100; clients++) {
    await new PrismaClient({ adapter: driver.factory() }).user.findMany()
  }
}

const inUse = await scenarios[process.argv[2] as keyof typeof scenarios]()
// Pools that nobody closed are closed at max-age.
if (inUse === undefined) while (driver.closed < driver.opened) await delay(5)
await otherWork()
const undead = await graveyard.undead()
console.log(JSON.stringify({ made: graveyard.names, undead, inUse: inUse !== undefined }))
