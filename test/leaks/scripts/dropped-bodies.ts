import { PrismaPg } from '@prisma/adapter-pg'
import { Hono } from 'hono'
import { PrismaClient } from '../../../generated/postgres/client.ts'
import { branchHandler } from '../../../src/fetch.ts'
import { branchMiddleware } from '../../../src/hono.ts'
import type { BranchedClient } from '../../../src/http/request-units.ts'
import { branches } from '../../../src/index.ts'

// Responses with bodies that have no end, dropped without being cancelled.

const [scenario = '', ...numbers] = process.argv.slice(2)
const [dropped = 0, kept = 0] = numbers.map(Number)

const report = { begun: 0, ended: 0, cancelled: 0, stillRead: 0 }

const connectionString = 'postgresql://nobody@localhost/nothing'
const extended = new PrismaClient({ adapter: new PrismaPg({ connectionString }) }).$extends(
  branches({
    url: () => connectionString,
    adapter: (url) => new PrismaPg({ connectionString: url }),
    client: (adapter) => new PrismaClient({ adapter }),
  }),
)
const prisma: BranchedClient = {
  $withBranch(branch, work) {
    report.begun++
    return extended.$withBranch(branch, work).finally(() => report.ended++)
  },
}

const chunk = new Uint8Array(1_000)
function endless() {
  const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(chunk)
  const cancel = () => {
    report.cancelled++
  }
  return new Response(new ReadableStream({ pull, cancel }))
}

const options = { branch: () => 'a' }
const answers: Record<string, () => Response | Promise<Response>> = {
  fetch: () => branchHandler(prisma, options, endless)(new Request('http://localhost/')),
  hono: () => new Hono().use(branchMiddleware(prisma, options)).get('/', endless).request('/'),
  // As Hono's etag() does.
  replaced: () =>
    new Hono()
      .use(async (c, next) => {
        await next()
        if (c.req.query('keep') === undefined) c.res = new Response(null, { status: 304 })
      })
      .use(branchMiddleware(prisma, options))
      .get('/', endless)
      .request(`/${readers.length < kept ? '?keep' : ''}`),
}

async function collect(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10))
  global.gc?.()
}

const readers: ReadableStreamDefaultReader[] = []
while (readers.length < kept) {
  const response = await answers[scenario]?.()
  if (response?.body) readers.push(response.body.getReader())
}
for (let i = 0; i < dropped; i++) await answers[scenario]?.()
// Until all that may end has, and for a while after that, in which no other does.
for (let rounds = 0; rounds < 20; rounds++) {
  while (report.ended < dropped) await collect()
  await collect()
}
for (const reader of readers) {
  for (let i = 1; i <= 10; i++) if (!(await reader.read()).done && i === 10) report.stillRead++
}
console.log(JSON.stringify(report))
process.exit()
