import { afterAll, beforeAll, describe, it } from 'vitest'
import { ServerMissingError } from '../kit/server-program.ts'
import type { Ability, Backend, BackendServer } from './backend.ts'
import { ageRules } from './rules/age.ts'
import { branchRules } from './rules/branches.ts'
import { capRules } from './rules/cap.ts'
import { closingRules } from './rules/closing.ts'
import { healthRules } from './rules/health.ts'
import { isolationRules } from './rules/isolation.ts'

/** A test of a rule, with the abilities of a database that it takes to see it. */
export type Rule = (
  title: string,
  needs: Ability[],
  test: (server: BackendServer, lacks: Backend['lacks']) => Promise<void>,
) => void

/** The rules of the design that concern a database, on one of them. */
export function rules(backend: Backend): void {
  describe(backend.name, () => {
    let server: BackendServer | undefined
    let missing: string | undefined

    beforeAll(async () => {
      try {
        server = await backend.start()
      } catch (error) {
        if (!(error instanceof ServerMissingError) || process.env.REQUIRE_SERVERS === '1') throw error
        missing = error.message
      }
    })

    afterAll(() => server?.stop())

    const rule: Rule = (title, needs, test) =>
      it(title, async ({ task, skip }) => {
        const reason = missing ?? needs.map((ability) => backend.lacks[ability]).find((lack) => lack !== undefined)
        if (reason !== undefined) {
          task.meta.leftOut = reason
          skip(reason)
        }
        await test(server as BackendServer, backend.lacks)
      })

    for (const part of [ageRules, healthRules, branchRules, capRules, closingRules, isolationRules]) part(rule)
  })
}
