import { createBranch } from '../test/kit/branches.ts'
import type { PostgresServer } from '../test/kit/embedded-postgres.ts'
import { BRANCHES } from './scale.ts'
import { MARKER } from './work.ts'

/** Makes the branches' schemas, each with a marker row. */
export async function createBranches(server: PostgresServer, progress: (made: number) => void): Promise<void> {
  for (const [index, branch] of BRANCHES.entries()) {
    const schema = await createBranch(server, branch)
    await server.query(`INSERT INTO "${schema}"."User" ("email", "name") VALUES ($1, $2)`, [MARKER.email, branch])
    progress(index + 1)
  }
}

interface PostRow {
  branch: string
  title: string
  published: boolean
}

/** What is wrong with the rows that an act wrote; nothing, if all is well. */
export async function checkWrites(server: PostgresServer, act: string, written: Set<string>): Promise<string[]> {
  const posts = BRANCHES.map(
    (branch) => `SELECT '${branch}' AS branch, "title", "published" FROM "branch_${branch}"."Post"`,
  )
  const rows = await server.query<PostRow>(`SELECT * FROM (${posts.join(' UNION ALL ')}) posts WHERE title LIKE $1`, [
    `%/${act}/%`,
  ])
  const titles = new Set(rows.map(({ title }) => title))
  const wrong = {
    'in another branch': rows.filter(({ branch, title }) => !title.startsWith(`${branch}/`)).length,
    'written twice': rows.length - titles.size,
    'acknowledged and lost': [...written].filter((title) => !titles.has(title)).length,
    'of half a transaction': rows.filter(({ title, published }) => title.includes('/publication/') && !published)
      .length,
  }
  return Object.entries(wrong).flatMap(([fault, count]) => (count === 0 ? [] : [`${count} ${fault}`]))
}
