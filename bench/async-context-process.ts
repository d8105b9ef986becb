import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../generated/postgres/client.ts'
import { schemaAdapter } from '../src/postgres.ts'
import type { Use } from './async-context.ts'

// Prints the microseconds of CPU that an operation takes in this process, garbage collection included.

const WARM_UP = 5_000
const OPERATIONS = 5_000

const [url, use] = process.argv.slice(2) as [string, Use]
const client = new PrismaClient({ adapter: schemaAdapter(PrismaPg, { max: 2 })(url) })

async function work(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await client.user.findFirst()
}

async function measure(): Promise<void> {
  await work(WARM_UP)
  const before = process.cpuUsage()
  await work(OPERATIONS)
  const { user, system } = process.cpuUsage(before)
  console.log((user + system) / OPERATIONS)
}

if (use === 'never') await measure()
else {
  const storage = new AsyncLocalStorage<object>()
  await storage.run({}, async () => {})
  if (use === 'inside of one') await storage.run({}, measure)
  else await measure()
}
await client.$disconnect()
