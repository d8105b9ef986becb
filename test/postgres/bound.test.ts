import { PrismaPg } from '@prisma/adapter-pg'
import { expect, it, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { branches } from '../../src/index.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'
import { createBranch } from '../kit/branches.ts'
import { PATIENT_POOLS, PATIENT_TRANSACTIONS } from '../kit/patience.ts'
import { testDatabase } from './kit.ts'

const CLIENTS = 2
const CONNECTIONS = 2
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

it.each([
  ['evictions', { maxAge: Infinity }],
  ['pools that close with their units of work', { maxAge: 0 }],
  ['swaps at max-age', { maxAge: 25 }],
])(
  'C1: a role that may hold as many connections as the bound says is never refused one, through %s',
  async (_, options) => {
    const database = await testDatabase()
    const role = `bound_${process.pid}_${options.maxAge}`.toLowerCase()
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' CONNECTION LIMIT ${CLIENTS * CONNECTIONS}`)
    onTestFinished(() => database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`).then(() => {}))
    for (const name of NAMES) {
      const schema = await createBranch(database, name)
      await database.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`)
      await database.query(`GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${role}`)
      await database.query(`GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role}`)
    }
    const url = new URL(database.url)
    url.username = role
    url.password = 'secret'
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url }) }).$extends(
      branches({
        ...PATIENT_POOLS,
        url: (name) => schemaUrl(url.href, `branch_${name}`),
        adapter: schemaAdapter(PrismaPg, { max: CONNECTIONS }),
        client: (adapter) => new PrismaClient({ ...PATIENT_TRANSACTIONS, adapter }),
        maxClients: CLIENTS,
        ...options,
      }),
    )
    onTestFinished(() => prisma.$disconnect())
    let closed = 0
    prisma.$branches.on('closed', () => closed++)
    const visit = (name: string, email: string) =>
      prisma.$withBranch(name, async () => {
        await Promise.all([prisma.user.create({ data: { email } }), prisma.user.count(), prisma.user.findFirst()])
      })
    // Until so many pools have come and gone: one connection too many is an error of the visit that asks for it.
    for (let round = 0; closed < 60; round++) {
      await Promise.all(NAMES.map((name) => visit(name, `${name}-${round}`)))
    }
    expect(closed).toBeGreaterThanOrEqual(60)
  },
)
