import { type ArgumentsHost, Catch, ConflictException } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'
import { Prisma } from '../../generated/postgres/client.ts'

/** Answers 409 to a user whose email address is taken, in the branch of the request. */
@Catch(Prisma.PrismaClientKnownRequestError)
export class UniqueFilter extends BaseExceptionFilter {
  override catch(error: Prisma.PrismaClientKnownRequestError, host: ArgumentsHost) {
    super.catch(error.code === 'P2002' ? new ConflictException('This email address is taken') : error, host)
  }
}
