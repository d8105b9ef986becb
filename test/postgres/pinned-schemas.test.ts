import { PrismaPg } from '@prisma/adapter-pg'
import { expect, it, onTestFinished } from 'vitest'
import { PrismaClient as Multischema } from '../../generated/multischema/client.ts'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { schemaFinder } from '../../src/adapter/qualified-schema.ts'
import { pinnedSchemas } from '../../src/catalog/pinned-schemas.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'
import { createBranch } from '../kit/branches.ts'
import { multischemaDatabase, testDatabase } from './kit.ts'

const CONTROL = /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)/

/** What Prisma sends while `work` is done, less what only begins and ends transactions. */
function statements(client: { $on(event: 'query', see: (event: { query: string }) => void): unknown }) {
  const seen: string[] = []
  client.$on('query', ({ query }) => seen.push(query))
  return () => seen.filter((sql) => !CONTROL.test(sql))
}

it('I3: each statement for a pinned model is known by the schema in it, on a branch of another schema too', async () => {
  const database = await multischemaDatabase()
  const adapter = schemaAdapter(PrismaPg)(schemaUrl(database.url, 'branch_a', { extraSchemas: ['types'] }))
  const client = new Multischema({ adapter, log: [{ emit: 'event', level: 'query' }] })
  onTestFinished(() => client.$disconnect())
  const seen = statements(client)

  const data = { name: 'x', colour: 'RED' as const, parts: { create: { level: 'LOW' as const } } }
  const { id } = await client.item.create({ data, include: { parts: true } })
  await client.item.findMany({ where: { colour: 'RED', parts: { some: { level: 'LOW' } } }, include: { parts: true } })
  await client.item.upsert({ where: { name: 'y' }, create: { name: 'y' }, update: { colour: 'BLUE' } })
  await client.part.updateMany({ data: { level: 'HIGH' } })
  await client.part.groupBy({ by: ['level'], _count: true })
  await client.$transaction([client.part.deleteMany(), client.item.delete({ where: { id } })])

  // What such a branch does if nobody refuses it: the rows are main's.
  expect(await database.query('SELECT name FROM public."Item"')).toEqual([{ name: 'y' }])
  expect(await database.query('SELECT name FROM branch_a."Item"')).toEqual([])
  const pinned = pinnedSchemas(client)
  expect(pinned).toEqual(new Set(['public', 'Shared data', 'types']))
  expect(seen().length).toBeGreaterThan(8)
  expect(seen().filter((sql) => schemaFinder(pinned)(sql) === undefined)).toEqual([])
})

it('I3: no statement for a model that is not pinned has a schema in it but that of its branch', async () => {
  const database = await testDatabase()
  const schema = await createBranch(database, 'a')
  const adapter = schemaAdapter(PrismaPg)(schemaUrl(database.url, schema))
  const client = new PrismaClient({ adapter, log: [{ emit: 'event', level: 'query' }] })
  onTestFinished(() => client.$disconnect())
  const seen = statements(client)
  await client.user.create({ data: { email: '"public"."User"', posts: { create: { title: 'x' } } } })
  await client.user.findMany({ where: { posts: { some: { title: 'x' } } }, include: { posts: true } })
  await client.post.deleteMany()
  expect(seen().length).toBeGreaterThan(4)
  expect(seen().filter((sql) => schemaFinder(['public'])(sql) !== undefined)).toEqual([])
  expect(seen().filter((sql) => schemaFinder([schema])(sql) === undefined)).toEqual([])
})
