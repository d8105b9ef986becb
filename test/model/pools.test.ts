import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyCommands } from './commands.ts'
import { Coverage, SITUATIONS } from './coverage.ts'
import { run } from './run.ts'
import { anySetting } from './settings.ts'

/**
 * A run is one setting, a list of commands (29 on average, 60 at most) and one order in which answers, timers and turns
 * come. `npm run test:model` does 7,000 runs, some 200,000 commands; `npm test` does a few. MODEL_RUNS sets another
 * number; MODEL_SEED and MODEL_PATH, which a failure prints, repeat that failure.
 */
const { MODEL_RUNS = '400', MODEL_SEED, MODEL_PATH } = process.env
const numRuns = Number(MODEL_RUNS)

/** A run of so many has been in every situation; in a short one, a rare situation may be missing by chance. */
const FULL = 5_000
/** Runs between two lines of progress. */
const STRIDE = 1_000

const coverage = new Coverage()

it('pools keep their promises in whatever order things happen', async ({ task }) => {
  let runs = 0
  let commands = 0
  const property = fc.asyncProperty(anySetting, anyCommands, fc.scheduler(), async (setting, list, scheduler) => {
    runs++
    commands += list.length
    if (runs % STRIDE === 0) console.log(`${runs} of ${numRuns} runs, ${commands} commands`)
    await run(setting, list, scheduler, coverage)
  })
  await fc.assert(property, {
    numRuns,
    ...(MODEL_SEED === undefined ? {} : { seed: Number(MODEL_SEED) }),
    ...(MODEL_PATH === undefined ? {} : { path: MODEL_PATH }),
  })
  task.meta.row = { situation: `${runs} runs of ${commands} commands in all`, times: runs }
})

describe('that order was one in which', () => {
  it.for(SITUATIONS)('%s', (situation, { task, skip }) => {
    if (numRuns < FULL) {
      task.meta.leftOut = `${numRuns} runs of the model are too few for every situation: npm run test:model`
      skip(task.meta.leftOut)
    }
    task.meta.row = { situation, times: coverage.counts[situation] }
    expect(coverage.counts[situation]).toBeGreaterThan(0)
  })
})
