import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import type { BackendServer } from './backend.ts'
import type { Bench } from './bench.ts'

/** Writes and reads in some way; returns the addresses that are in the database afterwards. */
export type Work = (client: Bench['prisma'], mark: string, server: BackendServer) => Promise<string[]>

/** Every way to write and read. */
export const WORK: readonly Work[] = [
  async (client, mark) => {
    const { email } = await client.user.create({ data: { email: `${mark}@create` } })
    return [email]
  },
  async (client, mark) => {
    const email = `${mark}@nested`
    await client.user.create({ data: { email, posts: { create: [{ title: 'x' }, { title: 'y' }] } } })
    const user = await client.user.findUniqueOrThrow({ where: { email }, include: { posts: true } })
    expect(user.posts).toHaveLength(2)
    return [email]
  },
  async (client, mark) => {
    const emails = [`${mark}@interactive1`, `${mark}@interactive2`]
    await client.$transaction(async (tx) => {
      for (const email of emails) {
        await tx.user.create({ data: { email } })
        // Longer than some pools live.
        await delay(Math.random() * 30)
      }
    })
    return emails
  },
  async (client, mark) => {
    const emails = [`${mark}@batch1`, `${mark}@batch2`]
    await client.$transaction(emails.map((email) => client.user.create({ data: { email } })))
    return emails
  },
  async (client, mark, { quote }) => {
    const email = `${mark}@raw`
    await client.$executeRawUnsafe(`INSERT INTO ${quote('User')} (email) VALUES ('${email}')`)
    const found = await client.$queryRawUnsafe(`SELECT email FROM ${quote('User')} WHERE email = '${email}'`)
    expect(found).toEqual([{ email }])
    return [email]
  },
  async (client) => {
    await Promise.all([1, 2, 3].map((id) => client.user.findUnique({ where: { id }, include: { posts: true } })))
    return []
  },
  async (client, mark) => {
    const undone = client.$transaction(async (tx) => {
      await tx.user.create({ data: { email: `${mark}@undone` } })
      throw new Error('undo')
    })
    await expect(undone).rejects.toThrow('undo')
    return []
  },
]
