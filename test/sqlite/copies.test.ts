import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/sqlite/client.ts'
import * as express from '../../src/express.ts'
import * as fastifyEntry from '../../src/fastify.ts'
import * as index from '../../src/index.ts'
import { type Copy, copiedCopy, minifiedCopy } from '../kit/copies.ts'
import { temporaryDirectory } from '../kit/pool-bench.ts'
import { sqliteFile, whose } from '../kit/sqlite-branches.ts'

const here: Copy = {
  ...index,
  branchMiddleware: express.branchMiddleware,
  fromRequest: express.fromRequest,
  branchPlugin: fastifyEntry.branchPlugin,
}

/** A client that one copy extends. */
async function clientOf({ branches }: Pick<Copy, 'branches'>) {
  const directory = temporaryDirectory()
  const urls = new Map<string, string>()
  for (const name of ['main', 'a', 'b']) urls.set(name, await sqliteFile(directory, name))
  const client = (adapter: PrismaLibSql) => new PrismaClient({ adapter })
  const prisma = client(new PrismaLibSql({ url: urls.get('main') as string })).$extends(
    branches({
      maxAge: 60_000,
      url: (branch) => urls.get(branch),
      adapter: (url) => new PrismaLibSql({ url }),
      client: (adapter) => new PrismaClient({ adapter }),
    }),
  )
  onTestFinished(() => prisma.$disconnect())
  return prisma
}

async function post(origin: string, branch: string): Promise<[number | undefined, string]> {
  const call = request(origin, { method: 'POST', headers: { 'X-Branch': branch }, agent: false })
  call.end('body')
  const [response] = await once(call, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return [response.statusCode, text]
}

describe.each([
  ['at another place', copiedCopy],
  ['bundled and minified', minifiedCopy],
])('I6: a copy of the package %s', (_how, makeCopy) => {
  const PAIRS: [string, (copy: Copy) => { client: Copy; middleware: Copy }][] = [
    ['its middleware on our client', (copy) => ({ client: here, middleware: copy })],
    ['our middleware on its client', (copy) => ({ client: copy, middleware: here })],
  ]

  it.each(PAIRS)('%s: listeners are on the branch, and an unknown one is refused', async (_pair, choose) => {
    const { client, middleware } = choose(await makeCopy())
    const prisma = await clientOf(client)
    const branch = middleware.fromRequest({ header: 'X-Branch' })
    const handle = middleware.branchMiddleware(prisma, { branch })
    const server = createServer((req, res) => {
      const next = (error?: unknown) => {
        if (error !== undefined) return void res.writeHead(500).end(String(error))
        req.on('data', () => {})
        req.on('end', () => void whose(prisma).then((name) => res.end(name)))
      }
      handle(req as never, res as never, next)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await post(origin, 'a')).toEqual([200, 'a'])
    const [status, text] = await post(origin, 'gone')
    expect([status, JSON.parse(text).code]).toEqual([400, 'BRANCH_UNKNOWN'])
  })

  it('knows our errors, and we know its errors, by classes with their names', async () => {
    const copy = await makeCopy()
    const theirs = new copy.UnknownBranchError('a', 'gone')
    const ours = new index.UnknownBranchError('a', 'gone')
    expect(copy.UnknownBranchError).not.toBe(index.UnknownBranchError)
    expect([theirs instanceof index.UnknownBranchError, ours instanceof copy.UnknownBranchError]).toEqual([true, true])
    expect([theirs instanceof index.BranchError, ours instanceof copy.BranchError]).toEqual([true, true])
    expect([theirs instanceof index.InvalidOptionError, ours instanceof copy.WrongSchemaError]).toEqual([false, false])
    expect([theirs.name, copy.UnknownBranchError.name]).toEqual(['UnknownBranchError', 'UnknownBranchError'])
    expect(theirs.stack).toMatch(/^UnknownBranchError: /)
    class Mine extends copy.UnknownBranchError {}
    expect([new Mine('a', 'x') instanceof index.UnknownBranchError, ours instanceof Mine]).toEqual([true, false])
  })

  it('nests its units of work in ours, and ours in its', async () => {
    const ours = await clientOf(here)
    const theirs = await clientOf(await makeCopy())
    const both = async () => [await whose(ours), await whose(theirs)]
    expect(await ours.$withBranch('a', () => theirs.$withBranch('b', both))).toEqual(['a', 'b'])
    expect(await theirs.$withBranch('a', () => ours.$withBranch('b', both))).toEqual(['b', 'a'])
    expect(await ours.$withBranch('a', () => theirs.$withBranch('b', () => ours.$withBranch('b', both)))).toEqual([
      'b',
      'b',
    ])
    expect(await ours.$withBranch('a', () => theirs.$withBranch(undefined, both))).toEqual(['a', 'main'])
    expect(await both()).toEqual(['main', 'main'])
  })

  it('binds the listeners of one request to the innermost unit, whichever copy made it', async () => {
    const copy = await makeCopy()
    const ours = await clientOf(here)
    const theirs = await clientOf(copy)
    const outer = here.branchMiddleware(ours, { branch: () => 'a' })
    const inner = copy.branchMiddleware(theirs, { branch: () => 'b' })
    const server = createServer((req, res) => {
      const both = async () => res.end([await whose(ours), await whose(theirs)].join())
      const listen = () => void req.on('data', () => {}).on('end', () => void both())
      outer(req as never, res as never, () => inner(req as never, res as never, listen))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    expect(await post(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, '')).toEqual([200, 'a,b'])
  })

  it('registered in Fastify within ours, is the one that applies there', async () => {
    const copy = await makeCopy()
    const prisma = await clientOf(here)
    const app = fastify()
    onTestFinished(() => app.close())
    await app.register(here.branchPlugin, { prisma, branch: () => 'gone' })
    await app.register(async (scope) => {
      await scope.register(copy.branchPlugin, { prisma, branch: () => 'a' })
      scope.get('/inner', async () => whose(prisma))
    })
    expect((await app.inject('/inner')).body).toBe('a')
  })
})
