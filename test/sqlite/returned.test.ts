import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { sqliteBranches, whose } from '../kit/sqlite-branches.ts'

describe('I4: what a unit of work returns is on its branch when it is read', () => {
  async function kit() {
    const { prisma } = await sqliteBranches({ maxAge: 0 })
    async function* pages() {
      for (let page = 0; page < 3; page++) {
        await prisma.user.create({ data: { email: `page-${page}@example.com` } })
        yield await whose(prisma)
      }
    }
    const pull = async (controller: ReadableStreamDefaultController) => {
      controller.enqueue(new TextEncoder().encode(await whose(prisma)))
      controller.close()
    }
    return { prisma, pages, web: () => new ReadableStream({ pull }, { highWaterMark: 0 }) }
  }

  const READ: [what: string, wrap: (pages: AsyncGenerator<string>) => AsyncIterable<string>][] = [
    ['an async generator', (pages) => pages],
    ['a Node stream', (pages) => Readable.from(pages)],
    ['an iterable', (pages) => ({ [Symbol.asyncIterator]: () => pages })],
  ]

  it.each(READ)('%s that reads and writes', async (_what, wrap) => {
    const { prisma, pages } = await kit()
    const made = await prisma.$withBranch('a', () => wrap(pages()))
    // Its unit has ended: its pool is not kept.
    await expect.poll(() => prisma.$branches.stats()).toEqual([])
    const seen: string[] = []
    await prisma.$withBranch('b', async () => {
      for await (const name of made) seen.push(name, await whose(prisma))
    })
    expect(seen).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
    const counts = [prisma, prisma.$branch('a'), prisma.$branch('b')].map((client) => client.user.count())
    expect(await Promise.all(counts)).toEqual([1, 4, 1])
    await expect.poll(() => prisma.$branches.stats()).toEqual([])
  })

  it('a web stream, and the body of a Fetch response', async () => {
    const { prisma, web } = await kit()
    const { stream, response } = await prisma.$withBranch('a', () => ({ stream: web(), response: new Response(web()) }))
    expect(await new Response(stream).text()).toBe('a')
    expect(await response.text()).toBe('a')
  })

  it('a generator of promises, each on the branch of its call', async () => {
    const { prisma } = await kit()
    function* queries() {
      yield prisma.user.findFirstOrThrow()
      yield prisma.user.findFirstOrThrow()
    }
    const made = await prisma.$withBranch('a', () => queries())
    for (const query of made) expect((await query).email).toBe('a@example.com')
  })

  it('a client that is returned is the same client', async () => {
    const { prisma } = await kit()
    const returned = await prisma.$withBranch('a', () => ({ prisma }))
    expect(returned.prisma).toBe(prisma)
    expect(await whose(returned.prisma)).toBe('main')
    expect(await prisma.$withBranch('b', () => prisma)).toBe(prisma)
  })
})
