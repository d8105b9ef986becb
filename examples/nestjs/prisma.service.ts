import { ClientToken } from 'prisma-extension-branches/nestjs'
import type { prisma } from '../prisma.ts'

/** What the client is injected as: it has the types of all models, `$branch` and `$withBranch`. */
export class PrismaService extends ClientToken<typeof prisma>() {}
