import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { branchNames, prisma } from '../prisma.ts'
import { host, port, serve } from '../serve.ts'
import { createUser, type NewUser } from '../users.ts'
import { Queue } from './queue.ts'
import { schedule } from './schedule.ts'

interface Job extends NewUser {
  branch: string
  /** How long it takes, in milliseconds. */
  ms?: number
}

/** A job is a unit of work on its branch, like a request. */
const queue = new Queue<Job>(({ branch, ms, ...user }) => prisma.$withBranch(branch, () => signUp(user, ms)), {
  concurrency: 4,
})

async function signUp(user: NewUser, ms = 0): Promise<void> {
  const { id } = await createUser(user)
  await delay(ms)
  await prisma.post.create({ data: { title: 'Welcome', authorId: id } })
}

/** So is each run of a scheduled task, on each branch it visits. */
const stopReports = schedule(
  async () => {
    const welcomed: Record<string, number> = {}
    for (const branch of branchNames) {
      welcomed[branch] = await prisma.$withBranch(branch, () => prisma.post.count({ where: { title: 'Welcome' } }))
    }
    console.log(JSON.stringify(welcomed))
  },
  Number(process.env.REPORT_INTERVAL ?? 10_000),
)

const server = createServer(async (request, response) => {
  response.setHeader('Content-Type', 'application/json')
  if (request.method === 'POST') queue.add((await json(request)) as Job)
  response.end(JSON.stringify({ ...queue.size, ...queue.counts }))
})

serve(server, async () => {
  server.close()
  await Promise.all([queue.close(), stopReports()])
})
server.listen(port, host)
