import type { PrismaClient } from '../generated/postgres/client.ts'

/** As much of a client as the operations need, extended or not. */
export type OperationClient = Pick<PrismaClient, 'user' | 'post' | '$transaction'>

/** The author of what is written, who has to be there. */
export const AUTHOR = { id: 1, email: 'bench@example.com' }

const post = (client: Pick<OperationClient, 'post'>) => {
  return client.post.create({ data: { title: 'one', authorId: AUTHOR.id } })
}

/** What applications do, in the least that shows it. */
export const OPERATIONS: Record<string, (client: OperationClient) => PromiseLike<unknown>> = {
  findFirst: ({ user }) => user.findFirst(),
  'findUnique, 4 in a batch': ({ user }) => {
    return Promise.all([1, 2, 3, 4].map((id) => user.findUnique({ where: { id } })))
  },
  create: post,
  'interactive transaction': (client) => {
    return client.$transaction(async (transaction) => {
      await transaction.user.findFirst()
      await post(transaction)
    })
  },
  'batch transaction': (client) => client.$transaction([client.user.findFirst(), post(client)]),
}
