import { Injectable, Module } from '@nestjs/common'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { branchMiddleware, fromRequest } from 'prisma-extension-branches/express'
import { branchPlugin } from 'prisma-extension-branches/fastify'
import { branchHandler } from 'prisma-extension-branches/fetch'
import { branchMiddleware as honoMiddleware } from 'prisma-extension-branches/hono'
import { branchMiddleware as koaMiddleware } from 'prisma-extension-branches/koa'
import { BranchesModule, ClientToken } from 'prisma-extension-branches/nestjs'
import { prisma } from './usage.ts'

const branch = fromRequest({ header: 'X-Branch', cookie: { name: 'branch', path: '/app' } })

express().use(branchMiddleware(prisma, { branch, pattern: /^[a-z]+$/ }))
express().use(branchMiddleware(prisma, { branch: (request) => request.ip }))
new Koa().use(koaMiddleware(prisma, { branch: async (context) => context.hostname }))
new Hono().use(honoMiddleware(prisma, { branch: (_, context) => context.req.param('branch') }))
branchHandler(prisma, { branch }, async () => Response.json(await prisma.user.findMany()))
const app = fastify()
await app.register(branchPlugin, { prisma, branch })
app.get('/', (request): string | undefined => request.branch)

// @ts-expect-error a number is no branch
express().use(branchMiddleware(prisma, { branch: () => 1 }))
// @ts-expect-error the main client has no branches
express().use(branchMiddleware({}, { branch }))

class PrismaService extends ClientToken<typeof prisma>() {}

@Injectable()
export class Users {
  constructor(private readonly client: PrismaService) {}

  emails = async (name: string): Promise<string[]> => {
    const users = await this.client.$branch(name).user.findMany()
    return users.map(({ email }) => email)
  }
}

@Module({ imports: [BranchesModule.forRoot({ provide: PrismaService, prisma, branch })], providers: [Users] })
export class AppModule {}
