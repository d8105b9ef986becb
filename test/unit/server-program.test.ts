import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../kit/pool-bench.ts'
import { isOpenToServers, runProgram, ServerProcess, serverUser } from '../kit/server-program.ts'

const never = () => new Promise<void>(() => {})

it('a server whose program cannot be run is an error at once, which says so', async () => {
  await expect(ServerProcess.start('/nowhere/server', [], never)).rejects.toThrow(
    /\/nowhere\/server cannot be run.*ENOENT/,
  )
  await expect(runProgram('/nowhere/program', [])).rejects.toThrow('/nowhere/program cannot be run')
})

it.skipIf(process.platform === 'win32')(
  'a server that ends before it answers is an error with what it said',
  async () => {
    const args = ['-c', 'echo the disk is full >&2; exit 3']
    await expect(ServerProcess.start('/bin/sh', args, never)).rejects.toThrow(
      /did not start\. It ended before it answered\nthe disk is full/,
    )
    await expect(runProgram('/bin/sh', args)).rejects.toThrow(/failed\. It ended with 3\nthe disk is full/)
  },
)

it('a folder that only root may enter is closed to servers, which run as another user then, with all that is in it', () => {
  const folder = join(temporaryDirectory(), 'closed')
  mkdirSync(folder)
  const file = join(folder, 'program')
  writeFileSync(file, '')
  chmodSync(file, 0o755)
  chmodSync(folder, 0o700)
  expect(isOpenToServers(file)).toBe(serverUser() === undefined)
})
