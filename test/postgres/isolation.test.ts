import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { PrismaClient as Multischema } from '../../generated/multischema/client.ts'
import { PrismaClient } from '../../generated/postgres/client.ts'
import { branches } from '../../src/index.ts'
import { schemaAdapter, schemaUrl } from '../../src/postgres.ts'
import { createBranch } from '../kit/branches.ts'
import { multischemaDatabase, testDatabase } from './kit.ts'

it('I3: a model that @@schema pins to another schema is refused on a branch, and reached on main', async () => {
  const database = await multischemaDatabase()
  const prisma = new Multischema({ adapter: new PrismaPg({ connectionString: database.url }) }).$extends(
    branches({
      url: (name) => schemaUrl(database.url, name),
      adapter: schemaAdapter(PrismaPg, { max: 2 }),
      client: (adapter) => new Multischema({ adapter }),
      maxAge: Infinity,
    }),
  )
  onTestFinished(() => prisma.$disconnect())
  const branch = prisma.$branch('branch_a')
  const refused = { code: 'BRANCH_PINNED_SCHEMA' }
  const data = { name: 'x', parts: { create: { level: 'LOW' as const } } }
  await expect(branch.item.create({ data })).rejects.toMatchObject(refused)
  await expect(branch.item.findMany({ include: { parts: true } })).rejects.toMatchObject(refused)
  await expect(branch.part.updateMany({ data: { level: 'HIGH' } })).rejects.toMatchObject(refused)
  await expect(branch.$transaction([branch.item.create({ data: { name: 'y' } })])).rejects.toMatchObject(refused)
  await expect(branch.$transaction((tx) => tx.item.create({ data: { name: 'z' } }))).rejects.toMatchObject(refused)
  await expect(prisma.$withBranch('branch_a', () => prisma.item.count())).rejects.toMatchObject(refused)
  expect(await database.query('SELECT name FROM public."Item"')).toEqual([])
  expect(await branch.$queryRaw`SELECT current_schema() AS schema`).toEqual([{ schema: 'branch_a' }])
  await prisma.item.create({ data })
  expect(await prisma.item.findMany({ include: { parts: true } })).toMatchObject([
    { name: 'x', parts: [{ level: 'LOW' }] },
  ])
})

it('I2: an adapter whose pool was made elsewhere is refused: nobody would close or count its connections', async () => {
  const database = await testDatabase()
  const schema = await createBranch(database, 'a')
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  onTestFinished(() => pool.end())
  const make = (adapter: (url: string) => PrismaPg) => {
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url }) }).$extends(
      branches({
        url: (name) => schemaUrl(database.url, name),
        adapter,
        client: (adapter) => new PrismaClient({ adapter }),
        maxAge: Infinity,
      }),
    )
    onTestFinished(() => prisma.$disconnect())
    return prisma
  }
  const refused = expect.objectContaining({
    code: 'BRANCH_FACTORY_FAILED',
    message: expect.stringContaining('made elsewhere'),
  })
  expect(() => make(() => new PrismaPg(pool, { schema })).$branch(schema)).toThrow(refused)
  expect(() => make(() => new PrismaPg(pool, { schema, disposeExternalPool: true })).$branch(schema)).toThrow(refused)

  // One that hides it is found out when its pool comes again.
  const hiding = make(() => {
    const { provider, adapterName, ...factory } = new PrismaPg(pool, { schema })
    const connect = () => PrismaPg.prototype.connect.call(factory as PrismaPg)
    return { provider, adapterName, connect } as PrismaPg
  })
  await hiding.$branch(schema).user.count()
  await hiding.$branches.close(schema)
  await expect(hiding.$branch(schema).user.count()).rejects.toMatchObject({ code: 'BRANCH_FACTORY_FAILED' })
})
