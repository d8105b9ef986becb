import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Body, Controller, Get, Inject, Post, Query, StreamableFile } from '@nestjs/common'
import type { NewUser } from '../users.ts'
import { UsersService } from './users.service.ts'

@Controller()
export class UsersController {
  constructor(@Inject(UsersService) private readonly users: UsersService) {}

  @Get('users')
  list() {
    return this.users.list()
  }

  @Post('users')
  create(@Body() user: NewUser) {
    return this.users.create(user)
  }

  @Get('users/stream')
  stream() {
    return new StreamableFile(Readable.from(this.users.lines()), { type: 'application/x-ndjson' })
  }

  @Get('slow')
  async slow(@Query('ms') ms: string) {
    await delay(Number(ms))
    return this.users.list()
  }
}
