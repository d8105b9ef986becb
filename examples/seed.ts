import { createBranch, migrate } from '../test/kit/branches.ts'
import type { PostgresDatabase } from '../test/kit/postgres-database.ts'

/** The tables, with one user who is named after the branch, in `public` and in a schema for each branch. */
export async function seed(database: PostgresDatabase, branches: readonly string[]): Promise<void> {
  await migrate(database)
  await database.query(`INSERT INTO public."User" (email, name) VALUES ('ada@main.example', 'main')`)
  for (const branch of branches) {
    const schema = await createBranch(database, branch)
    await database.query(`INSERT INTO "${schema}"."User" (email, name) VALUES ($1, $2)`, [
      `ada@${branch}.example`,
      branch,
    ])
  }
}
