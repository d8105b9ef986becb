import { describe } from 'vitest'
import { answersAcrossBranches } from './behaviour/across-branches.ts'
import { choosesTheBranch } from './behaviour/choice.ts'
import { keepsTheContext } from './behaviour/context.ts'
import { requiresABranch } from './behaviour/required.ts'
import { endsItsUnits } from './behaviour/unit-end.ts'
import { variesBySource } from './behaviour/vary.ts'
import { servesWebSockets } from './behaviour/web-sockets.ts'
import type { StartApplication } from './kit/application.ts'

/** What holds for requests in every framework: `behavesAsRequests('Express', startExpress)` is a whole test file. */
export function behavesAsRequests(name: string, start: StartApplication): void {
  describe(name, () => {
    describe('chooses the branch of a request', () => choosesTheBranch(start))
    describe('serves main where it may', () => requiresABranch(start))
    describe('tells caches what the branch was chosen by', () => variesBySource(start))
    describe('keeps a request on its branch', () => keepsTheContext(start))
    describe('keeps branches apart', () => answersAcrossBranches(start))
    describe('ends a unit of work with its response', () => endsItsUnits(start))
    describe('serves WebSockets', () => servesWebSockets(start))
  })
}
