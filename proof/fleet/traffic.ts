import type { FleetClient } from './client.ts'
import { BRANCHES } from './scale.ts'
import { MARKER } from './tenants.ts'

/** An answer that is not of the branch that was asked. */
export class WrongBranchError extends Error {}

/** Works on the current branch; returns the titles that are written for good. */
type Operation = (client: FleetClient, branch: string, title: string) => Promise<string[]>

function check(branch: string, answer: string | null | undefined): void {
  if (answer !== branch) throw new WrongBranchError(`Asked ${branch}, was answered by ${answer}`)
}

const read: Operation = async (client, branch) => {
  const user = await client.user.findUniqueOrThrow({ where: { email: MARKER }, include: { posts: { take: 5 } } })
  check(branch, user.name)
  for (const { title } of user.posts) check(branch, title.split('/')[0])
  return []
}

/** Raw SQL names no schema: the connection's `search_path` decides. */
const readRaw: Operation = async (client, branch) => {
  const [row] = await client.$queryRaw<{ name: string }[]>`SELECT name FROM "User" WHERE email = ${MARKER}`
  check(branch, row?.name)
  return []
}

const write: Operation = async (client, branch, title) => {
  const { author } = await client.post.create({
    data: { title, author: { connect: { email: MARKER } } },
    include: { author: true },
  })
  check(branch, author.name)
  return [title]
}

const interactive: Operation = async (client, branch, title) => {
  const titles = [`${title}-1`, `${title}-2`]
  await client.$transaction(async (tx) => {
    const { id, name } = await tx.user.findUniqueOrThrow({ where: { email: MARKER } })
    check(branch, name)
    for (const each of titles) await tx.post.create({ data: { title: each, authorId: id } })
  })
  return titles
}

const batch: Operation = async (client, branch, title) => {
  const author = { connect: { email: MARKER } }
  const [{ name }] = await client.$transaction([
    client.user.findUniqueOrThrow({ where: { email: MARKER } }),
    client.post.create({ data: { title, author } }),
  ])
  check(branch, name)
  return [title]
}

/** One in two reads; one in five is a transaction. */
const MIX: readonly Operation[] = [read, readRaw, write, read, interactive, read, readRaw, write, batch, read]

export function pickOperation(): Operation {
  return pick(MIX)
}

/** Which branch is next: a few are hot, most are not, and all are visited at least once. */
export class Itinerary {
  readonly #unvisited = [...BRANCHES].sort(() => Math.random() - 0.5)

  next(): string {
    const unvisited = Math.random() < 0.2 ? this.#unvisited.pop() : undefined
    return unvisited ?? (BRANCHES[Math.floor(Math.random() ** SKEW * BRANCHES.length)] as string)
  }

  /** When time is up, only those are left that were not visited yet. */
  last(): string | undefined {
    return this.#unvisited.pop()
  }
}

/** Half of the visits go to the first 6 of 100 branches, and a quarter to the last 70 of them. */
const SKEW = 4

function pick<T>(from: readonly T[]): T {
  return from[Math.floor(Math.random() * from.length)] as T
}
