import type { TestProject } from 'vitest/node'
import { startPostgres } from '../kit/embedded-postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The embedded server that the files of this project share, each with a database of its own. */
    postgresUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres(200)
  project.provide('postgresUrl', server.url)
  return () => server.stop()
}
