import { prisma } from './prisma.ts'

// What the applications do. None of it names a branch: whatever is done on `prisma` goes to that of the request or job.

export interface NewUser {
  email: string
  name: string
}

export function listUsers() {
  return prisma.user.findMany({ orderBy: { id: 'asc' } })
}

export function createUser({ email, name }: NewUser) {
  return prisma.user.create({ data: { email, name } })
}

/** One line of JSON for each user, read when it is asked for. */
export async function* userLines(): AsyncGenerator<string> {
  const users = await prisma.user.findMany({ select: { id: true }, orderBy: { id: 'asc' } })
  for (const { id } of users) yield `${JSON.stringify(await prisma.user.findUniqueOrThrow({ where: { id } }))}\n`
}
