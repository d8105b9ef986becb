import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { schemaAdapter } from '../../../src/adapter/schema-adapter.ts'
import { schemaUrl } from '../../../src/datasource/schema-url.ts'
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from '../../../src/driver/driver-adapter.ts'

/** A connection of node-postgres, as far as `onConnect` sees it. */
class FakeConnection extends EventEmitter {
  async query() {
    return { rows: [{ search_path: '"branch_x"' }] }
  }
}

type OnConnect = (connection: FakeConnection) => void | Promise<void>

/** A driver whose pool says that it has ended when it has asked its connections to, as node-postgres's does. */
class FakePg implements SqlDriverAdapterFactory {
  readonly provider = 'postgres'
  readonly adapterName = '@prisma/adapter-pg'
  readonly #onConnect: OnConnect | undefined
  static readonly opened: FakeConnection[] = []

  constructor(config: { connectionString: string; onConnect?: OnConnect }) {
    this.#onConnect = config.onConnect
  }

  async connect(): Promise<SqlDriverAdapter> {
    const connection = new FakeConnection()
    FakePg.opened.push(connection)
    await this.#onConnect?.(connection)
    return { dispose: async () => {} } as SqlDriverAdapter
  }
}

it('C1: a pool has closed when its connections have ended, and not when they were asked to', async () => {
  const adapter = schemaAdapter(FakePg as never)(schemaUrl('postgresql://h/db', 'branch_x')) as SqlDriverAdapterFactory
  const [first, second] = [await adapter.connect(), await adapter.connect()]
  const [ofFirst, ofSecond] = FakePg.opened
  let closed = 0
  const closing = first.dispose().then(() => closed++)
  await new Promise((resolve) => setImmediate(resolve))
  expect(closed).toBe(0)
  // Those of another pool have nothing to do with it.
  ofSecond?.emit('end')
  await new Promise((resolve) => setImmediate(resolve))
  expect(closed).toBe(0)
  ofFirst?.emit('end')
  await closing
  await second.dispose()
})
