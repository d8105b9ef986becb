import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../generated/postgres/client.ts'
import { schemaAdapter } from '../src/postgres.ts'
import type { Use } from './async-context.ts'

// Does so many operations at each message, and answers with the microseconds of CPU that one took.

const [url, use] = process.argv.slice(2) as [string, Use]
const client = new PrismaClient({ adapter: schemaAdapter(PrismaPg, { max: 2 })(url) })
let storage: AsyncLocalStorage<object> | undefined

if (use !== 'never') {
  storage = new AsyncLocalStorage()
  await storage.run({}, async () => {})
}

async function work(count: number): Promise<void> {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) await client.user.findFirst()
  const { user, system } = process.cpuUsage(before)
  process.send?.((user + system) / count)
}

process.on('message', (count: number) => {
  if (use === 'inside of one') void storage?.run({}, () => work(count))
  else void work(count)
})
process.on('disconnect', () => void client.$disconnect())
process.send?.('ready')
