import { Module } from '@nestjs/common'
import { APP_FILTER } from '@nestjs/core'
import { BranchesModule, fromRequest } from 'prisma-extension-branches/nestjs'
import { prisma } from '../prisma.ts'
import { PrismaService } from './prisma.service.ts'
import { UniqueFilter } from './unique.filter.ts'
import { UsersController } from './users.controller.ts'
import { UsersService } from './users.service.ts'

@Module({
  imports: [
    BranchesModule.forRoot({
      provide: PrismaService,
      prisma,
      branch: fromRequest({ header: 'X-Branch', query: '_branch', cookie: 'branch' }),
    }),
  ],
  controllers: [UsersController],
  providers: [UsersService, { provide: APP_FILTER, useClass: UniqueFilter }],
})
export class AppModule {}
