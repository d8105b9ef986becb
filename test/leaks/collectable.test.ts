import { describe, expect, it } from 'vitest'
import { runScript } from './kit/run-script.ts'

interface CollectableReport {
  made: string[]
  undead: string[]
}

const ONE_BRANCH = ['client of a', 'adapter 1 of a']
const TWO_BRANCHES = [...ONE_BRANCH, 'client of b', 'adapter 1 of b']

describe.each([
  { scenario: 'closed', title: 'the client and pool of a branch, after $branches.close(branch)', made: ONE_BRANCH },
  {
    scenario: 'shed',
    title: 'the clients and pools of branches for which maxClients has no room',
    made: TWO_BRANCHES,
  },
  {
    scenario: 'disconnected',
    title: 'the clients and pools of all branches, after $disconnect of the extended client',
    made: TWO_BRANCHES,
  },
  {
    scenario: 'dropped',
    title: 'the extended client itself and all its branches, after $disconnect',
    made: ['extended client', ...ONE_BRANCH],
  },
  {
    scenario: 'forgotten',
    title: 'the extended client itself and all its branches, without $disconnect, after max-age',
    made: ['extended client', ...ONE_BRANCH],
  },
])('$scenario', ({ scenario, title, made }) => {
  it(`garbage collection takes ${title}`, async () => {
    const report = await runScript<CollectableReport>('collectable.ts', scenario)
    expect(report.made).toEqual(expect.arrayContaining(made))
    expect(report.undead).toEqual([])
  })

  it('the measure finds a client that somebody keeps', async () => {
    const report = await runScript<CollectableReport>('collectable.ts', scenario, 'leak')
    expect(report.undead).toContain('client of a')
  })
})

it('garbage collection takes pools that were replaced, while Prisma keeps the transactions that were on them', async () => {
  const report = await runScript<CollectableReport>('collectable.ts', 'swapped')
  expect(report.made.length).toBeGreaterThan(3)
  expect(report.undead).toEqual([])
})
