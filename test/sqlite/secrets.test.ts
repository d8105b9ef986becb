import { inspect } from 'node:util'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { expect, it } from 'vitest'
import type { SqlDriverAdapterFactory } from '../../src/driver/driver-adapter.ts'
import { temporaryDirectory } from '../kit/pool-bench.ts'
import { sqliteBranches, sqliteFile } from '../kit/sqlite-branches.ts'

const SECRET = 'hunter2-hunter2'
const URL = `libsql://app:${SECRET}@db.example.com/a`

class DriverError extends Error {
  readonly code = 'ECUSTOM'
  readonly config = { url: URL, password: SECRET }
  override readonly name = 'DriverError'
}

/** A driver whose every error shows the URL that it was given. */
function indiscreet(url: string, file: string, fails: ReadonlySet<string>): SqlDriverAdapterFactory {
  const inner = new PrismaLibSql({ url: file })
  const fail = (what: string) => {
    if (fails.has(what)) throw new DriverError(`${what} failed at ${url}`, { cause: new Error(`${url} is lost`) })
  }
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    async connect() {
      fail('connect')
      const adapter = await inner.connect()
      const { dispose, queryRaw, startTransaction } = adapter
      adapter.queryRaw = async (query) => {
        if (query.sql.includes('User') || query.sql === 'SELECT 1')
          fail(query.sql === 'SELECT 1' ? 'probe' : 'statement')
        return queryRaw.call(adapter, query)
      }
      adapter.startTransaction = async (level) => {
        fail('begin')
        return startTransaction.call(adapter, level)
      }
      adapter.dispose = async () => {
        await dispose.call(adapter)
        fail('close')
      }
      return adapter
    },
  }
}

it('L8: no error of connecting, of a statement or a transaction shows the password, nor does an event', async () => {
  const fails = new Set<string>()
  const file = await sqliteFile(temporaryDirectory(), 'a')
  const { prisma } = await sqliteBranches({
    url: () => URL,
    adapter: (url) => indiscreet(url, file, fails),
    healthChecks: true,
    probeInterval: 0,
  })
  const told: unknown[] = []
  prisma.$branches.on('probed', (event) => told.push(event)).on('closeFailed', (event) => told.push(event))
  const branch = prisma.$branch('a')
  const failures: unknown[] = []
  for (const what of ['connect', 'statement', 'begin']) {
    fails.clear()
    if (what !== 'connect') await branch.$queryRaw`SELECT 2`
    fails.add(what)
    const work = what === 'begin' ? branch.$transaction((tx) => tx.user.count()) : branch.user.count()
    failures.push(
      await work.then(
        () => `${what} did not fail`,
        (error: unknown) => error,
      ),
    )
  }
  fails.clear()
  await branch.$queryRaw`SELECT 2`
  fails.add('probe').add('close')
  await prisma.$withBranch('a', () => prisma.$queryRaw`SELECT 2`)
  await prisma.$branches.close('a')

  expect(failures.map((error) => (error as Error).message)).toEqual([
    expect.stringContaining('connect failed at libsql://app:***@db.example.com/a'),
    expect.stringContaining('statement failed at libsql://app:***@'),
    expect.stringContaining('begin failed at libsql://app:***@'),
  ])
  expect(told.filter((event) => inspect(event).includes('DriverError'))).toHaveLength(3)
  for (const shown of [...failures, ...told, prisma.$branches.stats(), branch, prisma]) {
    expect(inspect(shown, { depth: 20 })).not.toContain(SECRET)
  }
})
