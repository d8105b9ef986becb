import type { PrismaClient } from '../generated/postgres/client.ts'

/** As much of a client as a request needs. How it comes by that client is what the acts differ in. */
export type Database = Pick<PrismaClient, 'user' | 'post' | '$transaction'>

/** What a request read: rows that say which branch they are of. */
export interface Answer {
  branch: string | null
  titles: string[]
}

export type Work = (database: Database) => Promise<Answer>

/** The row that tells the branches apart: it has the same key in each of them, and the branch's name in it. */
export const MARKER = { id: 1, email: 'marker@example.com' }

/** What a request of each route does. `title` is that of the post it writes. */
export const ROUTES = {
  'GET /posts': () => async (database) => {
    const marker = await database.user.findUniqueOrThrow({
      where: { email: MARKER.email },
      include: { posts: { orderBy: { id: 'desc' }, take: 3 } },
    })
    return { branch: marker.name, titles: marker.posts.map(({ title }) => title) }
  },
  'POST /posts': (title) => async (database) => {
    const post = await database.post.create({ data: { title, authorId: MARKER.id }, include: { author: true } })
    return { branch: post.author.name, titles: [post.title] }
  },
  'POST /publications': (title) => (database) => {
    return database.$transaction(async (transaction) => {
      const { id } = await transaction.post.create({ data: { title, authorId: MARKER.id } })
      const post = await transaction.post.update({
        where: { id },
        data: { published: true },
        include: { author: true },
      })
      return { branch: post.author.name, titles: [post.title] }
    })
  },
} satisfies Record<string, (title: string) => Work>

export type Route = keyof typeof ROUTES
