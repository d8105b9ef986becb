import { heapUsed } from '../kit/census.ts'
import { fakeBranches } from '../kit/fake-branches.ts'
import { FakeDriver } from '../kit/fake-driver.ts'
import type { Point } from '../kit/slope.ts'

// Visits branch after branch, each for the first and only time, and prints the bytes of heap over branches. Arguments:
// branches, and, to show that it would be found, `leak`: keep every client.

const MAX_CLIENTS = 20
const SAMPLES = 20

const [branches, leak] = [Number(process.argv[2]), process.argv[3] === 'leak']
const kept = new Map<string, object>()

const driver = new FakeDriver()
const prisma = fakeBranches(driver, { maxClients: MAX_CLIENTS, maxAge: Infinity })

const series: Point[] = []
for (let visited = 1; visited <= branches; visited++) {
  const name = `b${visited}`
  await prisma.$withBranch(name, () => prisma.$queryRaw`SELECT 1`)
  if (leak) kept.set(name, prisma.$branch(name))
  if (visited % (branches / SAMPLES) === 0) series.push({ x: visited, y: await heapUsed() })
}
console.log(JSON.stringify({ series, open: driver.opened - driver.closed }))
