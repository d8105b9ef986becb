import { setTimeout as delay } from 'node:timers/promises'
import { expect, type TestContext } from 'vitest'
import type { BranchesOptions } from '../../src/settings/options.ts'
import type { IsolationRecord } from '../kit/isolation-record.ts'
import type { PostgresDatabase } from '../kit/postgres-database.ts'
import { checkBooks, checkClosed } from './books.ts'
import { type Contender, type ExtensionContender, extensionContender, mapContender } from './contender.ts'
import { crossed } from './crossed.ts'
import { Crossings } from './crossings.ts'
import { Load, type Operation } from './load.ts'
import { DRAIN_TIMEOUT, HUNG, PROBE_TIMEOUT } from './slack.ts'
import { BRANCHES, type Stage } from './stage.ts'
import { judge, type Outage, tableRow, unserved, type Verdict, wrongWrites } from './verdict.ts'

/** Where a fault is made. */
export interface Scene extends Pick<Stage, 'server' | 'proxy'> {
  readonly database: PostgresDatabase
  readonly contender: Contender
  /** Where the contender connects from now on. */
  readonly address: { url: string }
}

export interface Fault {
  options?: Partial<BranchesOptions>
  /** What is done before any work starts. Then no branch is warmed up. */
  before?(scene: Scene): Promise<void>
  /** Makes the fault, ends it, and says what it did. */
  inject(scene: Scene & { load: Load }): Promise<Outage[]>
  /** Branches whose rows are lost with them. */
  dropped?: readonly string[]
  /** Milliseconds from one piece of work to the next. */
  pace?: number
  /** Looks at the extension after the work is done, before it is closed. */
  afterwards?(extension: ExtensionContender): void
  /** Whether the fault was one. By default, a Map fails under it. */
  bites?(map: Verdict, extension: Verdict): boolean
}

const OPTIONS: Partial<BranchesOptions> = {
  maxAge: 60_000,
  maxClients: 6,
  healthChecks: true,
  probeInterval: 200,
  probeTimeout: PROBE_TIMEOUT,
  acquireTimeout: HUNG,
  drainTimeout: DRAIN_TIMEOUT,
}

/** Milliseconds of work before the fault and after it, at least. */
const BEFORE = 500
const AFTER = 1_500

/** Waits for something to happen to the extension. A Map, to which it may never happen, is given the time `atLeast`. */
export async function happens({ contender }: Scene, atLeast: number, has: (extension: ExtensionContender) => boolean) {
  await delay(atLeast)
  await until(() => contender.name !== 'extension' || has(contender as ExtensionContender))
}

/** Waits until something is so. If it never is, the verdict says so. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const from = performance.now(); !isSo() && performance.now() - from < HUNG; ) await delay(20)
}

/** The fault under the extension, with everything that must hold; then under a Map, to show that it bites. */
export async function trial(stage: Stage, { task }: TestContext, fault: Fault): Promise<void> {
  const verdict = await onExtension(stage, fault, (verdict) => {
    task.meta.row = tableRow(task.name, verdict)
  })
  const map = await withScene(stage, mapContender, async (scene) => (await perform(scene, fault)).verdict)
  task.meta.row = tableRow(task.name, verdict, map)
  const bites = fault.bites ?? ((map) => unserved(map) > 0)
  expect(bites(map, verdict)).toBe(true)
}

async function onExtension(stage: Stage, fault: Fault, judged: (verdict: Verdict) => void): Promise<Verdict> {
  let extension: ExtensionContender | undefined
  const make = (url: () => string) => {
    extension = extensionContender(url, { ...OPTIONS, ...fault.options })
    return extension
  }
  return withScene(stage, make, async (scene) => {
    const { operations, verdict, crossings, record } = await perform(scene, fault)
    judged(verdict)
    expect(verdict.failed.slice(0, 5)).toEqual([])
    expect(verdict.hung.slice(0, 5)).toEqual([])
    expect(verdict.recovery).toBeLessThan(HUNG)
    const kept = BRANCHES.filter((branch) => !fault.dropped?.includes(branch))
    expect(await wrongWrites(scene.database, operations, kept)).toEqual([])
    expect(crossings?.running, 'pieces of work that hang').toBe(0)
    expect((await crossed(record, scene.database, fault.dropped)).slice(0, 20)).toEqual([])
    await checkBooks(extension as ExtensionContender, scene.database)
    fault.afterwards?.(extension as ExtensionContender)
    await scene.contender.close()
    await checkClosed(extension as ExtensionContender, scene.database)
    return verdict
  })
}

async function withScene<T>(
  { newDatabase, proxy, server }: Stage,
  make: (url: () => string) => Contender,
  use: (scene: Scene) => Promise<T>,
): Promise<T> {
  const database = await newDatabase()
  const address = { url: proxy.through(database.url) }
  const contender = make(() => address.url)
  try {
    return await use({ server, proxy, database, address, contender })
  } finally {
    proxy.heal()
    proxy.cut()
    await Promise.race([contender.close(), delay(HUNG, undefined, { ref: false })])
    await database.disconnect()
  }
}

interface Outcome {
  operations: Operation[]
  verdict: Verdict
  /** What was asked and read. */
  record: IsolationRecord
  /** Of the extension alone. */
  crossings: Crossings | undefined
}

async function perform(scene: Scene, fault: Fault): Promise<Outcome> {
  await fault.before?.(scene)
  const cold = fault.before !== undefined
  const load = new Load(scene.contender, BRANCHES, fault.pace, cold)
  const crossings = Crossings.beside(load, scene.contender, BRANCHES, fault.pace)
  while (!cold && load.settledIn < BEFORE) await delay(20)
  const outages = await fault.inject({ ...scene, load })
  const healedAt = Math.max(...outages.map(({ to }) => to))
  await happens(scene, AFTER, () => load.servedSince(healedAt))
  await load.finish()
  await crossings?.lap()
  await crossings?.finish()
  return {
    operations: load.operations,
    record: load.recorder.record,
    crossings,
    verdict: judge(load.operations, outages, BRANCHES),
  }
}
