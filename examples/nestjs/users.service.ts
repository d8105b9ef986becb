import { Inject, Injectable } from '@nestjs/common'
import type { NewUser } from '../users.ts'
import { PrismaService } from './prisma.service.ts'

/** None of it names a branch: whatever is done on the client goes to that of the request. */
@Injectable()
export class UsersService {
  constructor(@Inject(PrismaService) private readonly prisma: PrismaService) {}

  list() {
    return this.prisma.user.findMany({ orderBy: { id: 'asc' } })
  }

  create({ email, name }: NewUser) {
    return this.prisma.user.create({ data: { email, name } })
  }

  /** One line of JSON for each user, read when it is asked for. */
  async *lines(): AsyncGenerator<string> {
    for (let last = 0; ; ) {
      const user = await this.prisma.user.findFirst({ where: { id: { gt: last } }, orderBy: { id: 'asc' } })
      if (user === null) return
      yield `${JSON.stringify(user)}\n`
      last = user.id
    }
  }
}
