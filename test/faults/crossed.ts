import { violations } from '../kit/isolation-checker.ts'
import { type IsolationRecord, MAIN, selectMarks } from '../kit/isolation-record.ts'
import type { PostgresDatabase } from '../kit/postgres-database.ts'
import { BRANCHES } from './stage.ts'

/**
 * What the isolation checker finds, and whether it had anything to check: each branch was written and read, and main read.
 *
 * @param lost branches whose rows went with them
 */
export async function crossed(
  record: IsolationRecord,
  database: PostgresDatabase,
  lost: readonly string[] = [],
): Promise<string[]> {
  const stored = new Map<string, string[]>()
  for (const name of [MAIN, ...BRANCHES]) {
    const schema = name === MAIN ? 'public' : `branch_${name}`
    const rows = await database.query<{ mark: string }>(selectMarks((model) => `"${schema}"."${model}"`))
    stored.set(
      name,
      rows.map(({ mark }) => mark),
    )
  }
  const unseen = [...stored.keys()].filter((name) => {
    const written = record.writes.some(({ branch, outcome }) => branch === name && outcome === 'acknowledged')
    const read = [...record.reads, ...record.counts].some(({ branch }) => branch === name)
    return !read || (!written && name !== MAIN)
  })
  return [...unseen.map((name) => `nothing to check: ${name}`), ...violations(record, stored, lost)]
}
