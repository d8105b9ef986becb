import { describe, expect, it } from 'vitest'
import { BranchDatasource } from '../../../src/catalog/branch-datasource.ts'
import { identifyDatasource } from '../../../src/datasource/identity.ts'
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from '../../../src/driver/driver-adapter.ts'

const URL = 'postgresql://app:hunter2-hunter2@db/app?schema=branch_a'

/** The branch `a`, whose driver never finishes closing, and says so much of its connection. */
function branchOf(connectionInfo: () => { schemaName: string; supportsRelationJoins: boolean }) {
  let disposed = 0
  const adapter = {
    provider: 'postgres',
    getConnectionInfo: connectionInfo,
    dispose() {
      disposed++
      return new Promise<void>(() => {})
    },
  } as Partial<SqlDriverAdapter> as SqlDriverAdapter
  const factory: SqlDriverAdapterFactory = { provider: 'postgres', adapterName: 'fake', connect: async () => adapter }
  const datasource = new BranchDatasource(factory, { ...identifyDatasource(URL, 'a'), name: 'a', url: URL })
  return { connect: () => datasource.connect(), disposed: () => disposed }
}

describe('a branch whose adapter is refused', () => {
  it('B4, L5: for another schema, at once, and its driver is told to close', async () => {
    const branch = branchOf(() => ({ schemaName: 'public', supportsRelationJoins: true }))
    await expect(branch.connect()).rejects.toMatchObject({ code: 'BRANCH_FACTORY_FAILED' })
    expect(branch.disposed()).toBe(1)
  })

  it('L5, L8: for not saying which, without the password, and its driver is told to close', async () => {
    const branch = branchOf(() => {
      throw new Error(`no connection to ${URL}`)
    })
    await expect(branch.connect()).rejects.toThrow('no connection to postgresql://app:***@db/app?schema=branch_a')
    expect(branch.disposed()).toBe(1)
  })
})
