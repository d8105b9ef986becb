import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { PrismaClient } from '../../generated/postgres/client.ts'

/** As much of a client as the work needs; the extension's and a plain one have it. */
export type WorkClient = Pick<PrismaClient, 'user' | '$transaction' | '$queryRaw' | '$executeRaw'>

export interface Watch {
  /** Called by a long one when it is under way. */
  begun?(): void
  /** Called with the rows that were read. */
  saw?(rows: unknown): void
}

export interface WorkKind {
  readonly name: string
  /** How many users it writes, all or none; each has the mark at the start of its address. */
  readonly writes: number
  run(client: WorkClient, mark: string, watch?: Watch): Promise<void>
}

/** Every way to read and write, for use in turn. Addresses are `mark@kind`, and titles begin with the mark. */
export const MIXED_WORK: readonly WorkKind[] = [
  {
    name: 'create',
    writes: 1,
    async run(client, mark) {
      await client.user.create({ data: { email: `${mark}@create` } })
    },
  },
  {
    name: 'nested create and read',
    writes: 1,
    async run(client, mark, watch) {
      const posts = { create: [{ title: `${mark}.x` }, { title: `${mark}.y` }] }
      const { id } = await client.user.create({ data: { email: `${mark}@nested`, posts } })
      const user = await client.user.findUniqueOrThrow({ where: { id }, include: { posts: true } })
      watch?.saw?.(user)
      assert.equal(user.posts.length, 2)
    },
  },
  {
    name: 'interactive transaction',
    writes: 2,
    async run(client, mark) {
      await client.$transaction(async (tx) => {
        await tx.user.create({ data: { email: `${mark}@interactive1` } })
        await delay(Math.random() * 30)
        await tx.user.create({ data: { email: `${mark}@interactive2` } })
      })
    },
  },
  {
    name: 'batch transaction',
    writes: 2,
    async run(client, mark) {
      await client.$transaction([
        client.user.create({ data: { email: `${mark}@batch1` } }),
        client.user.create({ data: { email: `${mark}@batch2` } }),
        client.user.count(),
      ])
    },
  },
  {
    name: 'raw write and read',
    writes: 1,
    async run(client, mark, watch) {
      const email = `${mark}@raw`
      await client.$executeRaw`INSERT INTO "User" (email) VALUES (${email})`
      const rows = await client.$queryRaw`SELECT email FROM "User" WHERE email = ${email}`
      watch?.saw?.(rows)
      assert.deepEqual(rows, [{ email }])
    },
  },
  {
    name: 'batched reads',
    writes: 0,
    async run(client, _mark, watch) {
      const find = (id: number) => client.user.findUnique({ where: { id }, include: { posts: true } })
      watch?.saw?.(await Promise.all([1, 2, 3].map(find)))
    },
  },
  {
    name: 'slow raw read',
    writes: 0,
    async run(client) {
      await client.$queryRaw`SELECT pg_sleep(0.03)::text`
    },
  },
  {
    name: 'transaction that its caller undoes',
    writes: 0,
    async run(client, mark) {
      const undone = new Error('undone by its caller')
      const attempt = client.$transaction(async (tx) => {
        await tx.user.create({ data: { email: `${mark}@undone` } })
        throw undone
      })
      await attempt.catch((error: unknown) => {
        if (error !== undone) throw error
      })
    },
  },
]

/** In which something is in flight for a second from when it has begun. */
export const LONG_TRANSACTION: WorkKind = {
  name: 'long transaction',
  writes: 2,
  async run(client, mark, watch) {
    await client.$transaction(async (tx) => {
      await tx.user.create({ data: { email: `${mark}@long1` } })
      watch?.begun?.()
      await tx.$queryRaw`SELECT pg_sleep(1)::text`
      await tx.user.create({ data: { email: `${mark}@long2` } })
    })
  },
}
