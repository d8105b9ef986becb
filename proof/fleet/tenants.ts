import { createBranch } from '../../test/kit/branches.ts'
import type { PostgresDatabase } from '../../test/kit/postgres-database.ts'
import { BRANCHES } from './scale.ts'

/** Says whose schema it is. */
export const MARKER = 'marker@example.com'

export const schemaOf = (branch: string) => `branch_${branch}`
export const roleOf = (branch: string) => `fleet_${branch}`

/**
 * The URL of a branch: its login role brings the `search_path`, which is the way that is safe behind a pooler. Pooled or
 * not, it is the same but for the port.
 */
export function branchUrl(server: string, branch: string): string {
  const url = new URL(server)
  url.username = roleOf(branch)
  url.searchParams.set('schema', schemaOf(branch))
  return url.href
}

/** Makes a schema and a login role for each branch. */
export async function createTenants(server: PostgresDatabase): Promise<void> {
  const { password } = new URL(server.url)
  for (const branch of BRANCHES) {
    const schema = await createBranch(server, branch)
    const role = roleOf(branch)
    await server.query(`
      INSERT INTO ${schema}."User" (email, name) VALUES ('${MARKER}', '${branch}');
      CREATE ROLE ${role} LOGIN PASSWORD '${password}';
      GRANT USAGE ON SCHEMA ${schema} TO ${role};
      GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${role};
      GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role};
      ALTER ROLE ${role} SET search_path = ${schema}`)
  }
}

/** What is wrong with the rows that a run wrote; nothing, if all is well. */
export async function checkWrites(server: PostgresDatabase, run: string, written: string[]): Promise<string[]> {
  const posts = BRANCHES.map((branch) => `SELECT '${branch}' AS branch, title FROM ${schemaOf(branch)}."Post"`)
  const rows = await server.query<{ branch: string; title: string }>(
    `SELECT * FROM (${posts.join(' UNION ALL ')}) posts WHERE title LIKE $1`,
    [`%/${run}/%`],
  )
  const found = new Set(rows.map(({ title }) => title))
  const wrong = {
    'in another branch': rows.filter(({ branch, title }) => !title.startsWith(`${branch}/`)).length,
    'there twice': rows.length - found.size,
    'acknowledged and lost': written.filter((title) => !found.has(title)).length,
    'there without being acknowledged': rows.length - written.length,
  }
  return Object.entries(wrong).flatMap(([fault, count]) => (count <= 0 ? [] : [`${count} writes ${fault}`]))
}
