import { setTimeout as delay } from 'node:timers/promises'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sql } from '../../src/driver/driver-adapter.ts'
import { sqliteMemory } from './backends/sqlite-memory.ts'
import { bench, whose } from './bench.ts'
import { rules } from './rules.ts'

rules(sqliteMemory)

describe('branches in memory', () => {
  it('D4: keep their rows past max-age, idleTimeout and the end of their units of work', async () => {
    for (const options of [{ maxAge: 20 }, { maxAge: 0 }, { idleTimeout: 20 }]) {
      const { prisma, happened } = await bench(await sqliteMemory.start(), ['a', 'b'], options)
      for (const name of ['a', 'b']) {
        await prisma.$withBranch(name, () => prisma.user.create({ data: { email: `kept-${name}@example.com` } }))
      }
      await delay(100)
      for (const name of ['a', 'b']) {
        const emails = (await prisma.$branch(name).user.findMany()).map(({ email }) => email)
        expect(emails).toEqual([`${name}@example.com`, `kept-${name}@example.com`])
      }
      await prisma.$branches.closeObsolete()
      expect(happened).toEqual(['opened a', 'opened b'])
    }
  })

  it('D4: are not evicted: whoever finds no room beside them is told so', async () => {
    const { prisma, happened } = await bench(await sqliteMemory.start(), ['a', 'b'], {
      maxClients: 1,
      acquireTimeout: 100,
    })
    await prisma.$branch('a').user.create({ data: { email: 'kept@example.com' } })
    await expect(whose(prisma.$branch('b'))).rejects.toMatchObject({ code: 'BRANCH_ACQUIRE_TIMEOUT' })
    expect(await prisma.$branch('a').user.count()).toBe(2)
    expect(happened).toEqual(['opened a'])
  })

  it('D3, D4: are closed when somebody says so, and are new and empty the next time', async () => {
    const { prisma, happened } = await bench(await sqliteMemory.start(), ['a'])
    const a = prisma.$branch('a')
    await a.user.create({ data: { email: 'lost@example.com' } })
    await prisma.$branches.close('a')
    expect(await a.user.count()).toBe(1)
    await prisma.$disconnect()
    expect([happened, prisma.$branches.stats()]).toEqual([['opened a', 'closed a', 'opened a', 'closed a'], []])
  })
})

describe('what libsql makes of a database in memory', () => {
  const connect = async (url: string) => {
    const adapter = await new PrismaLibSql({ url }).connect()
    onTestFinished(() => adapter.dispose())
    return adapter
  }
  const count = sql('SELECT count(*) FROM t')

  it.each([':memory:', 'file::memory:'])(
    '%s: each connection has its own, and loses it with a transaction',
    async (url) => {
      const [one, other] = [await connect(url), await connect(url)]
      await one.executeScript('CREATE TABLE t (x INTEGER)')
      expect((await one.queryRaw(count)).rows).toEqual([[0]])
      await expect(other.queryRaw(count)).rejects.toThrow('no such table: t')
      const transaction = await one.startTransaction()
      expect((await transaction.queryRaw(count)).rows).toEqual([[0]])
      await transaction.commit()
      await expect(one.queryRaw(count)).rejects.toThrow('no such table: t')
    },
  )

  it('file::memory:?cache=shared: all connections have the same, so that it is no way to keep branches apart', async () => {
    const url = 'file::memory:?cache=shared'
    const [one, other] = [await connect(url), await connect(url)]
    await one.executeScript('CREATE TABLE t (x INTEGER)')
    const transaction = await one.startTransaction()
    await transaction.executeRaw(sql('INSERT INTO t VALUES (1)'))
    await transaction.commit()
    expect((await one.queryRaw(count)).rows).toEqual([[1]])
    expect((await other.queryRaw(count)).rows).toEqual([[1]])
  })

  it.each(['file:a?mode=memory&cache=shared', 'file:a?mode=memory'])('%s: no such names', async (url) => {
    await expect((async () => connect(url))()).rejects.toThrow('Unsupported URL query parameter "mode"')
  })
})
