import { seed } from '../../../examples/seed.ts'
import { PATIENT_ENVIRONMENT } from '../../kit/patience.ts'
import type { PostgresDatabase } from '../../kit/postgres-database.ts'
import { testDatabase } from '../../postgres/kit.ts'
import { ChildProgram } from './child-program.ts'

/** Those with an HTTP server whose requests have branches. */
export const FRAMEWORKS = ['express', 'fastify', 'hono', 'koa', 'nestjs']

/** One of `examples/`, in a process of its own, on a database of its own. */
export interface Example {
  readonly program: ChildProgram
  readonly database: PostgresDatabase
  readonly origin: string
}

export async function startExample(
  name: string,
  branches: readonly string[],
  env: Record<string, string> = {},
): Promise<Example> {
  const database = await testDatabase()
  await seed(database, branches)
  const settings = { DATABASE_URL: database.url, PORT: '0', ...PATIENT_ENVIRONMENT, ...env }
  const program = new ChildProgram(`examples/${name}/main.ts`, settings, [
    './test/frameworks/child/keep-connections.ts',
  ])
  const origin = (await program.says(/listening on http:\S+/)).replace('listening on ', '')
  return { program, database, origin }
}
