import { describe, expect, it } from 'vitest'
import { branchesWith } from '../../../src/extension/branches.ts'
import { persistentAdapter } from '../../../src/index.ts'
import { systemClock } from '../../../src/pools/clock.ts'
import type { BranchesOptions, PoolOptions } from '../../../src/settings/options.ts'
import { resolveBranchSettings, resolveCapSettings, resolvePoolSettings } from '../../../src/settings/settings.ts'

const required = {
  url: (branch: string) => `file:${branch}.db`,
  adapter: () => {
    throw new Error('not called')
  },
  client: () => ({}),
}

function settle(options: object, environment: Record<string, string> = {}): () => void {
  return () => void branchesWith({ ...required, ...options } as BranchesOptions, environment, systemClock)
}

describe('defaults', () => {
  it('are those of the design', () => {
    expect({ ...resolvePoolSettings({}, {}), ...resolveCapSettings({}, {}) }).toEqual({
      maxAge: 0,
      maxAgeJitter: 0.1,
      idleTimeout: Infinity,
      healthChecks: false,
      probe: 'SELECT 1',
      probeInterval: 1_000,
      probeTimeout: 2_000,
      drainTimeout: 30_000,
      closeTimeout: 2_000,
      maxClients: 20,
      acquireTimeout: 5_000,
    })
  })
})

describe('keepClients', () => {
  it('is as many as maxClients, unless given', () => {
    expect(resolveBranchSettings({}, {}, { maxClients: 7, acquireTimeout: 0 })).toMatchObject({ keepClients: 7 })
    expect(
      resolveBranchSettings({}, { DB_CONN_KEEP_CLIENTS: 'none' }, { maxClients: 7, acquireTimeout: 0 }),
    ).toMatchObject({
      keepClients: Infinity,
    })
    expect(resolveBranchSettings({ keepClients: 3 }, {}, { maxClients: 7, acquireTimeout: 0 })).toMatchObject({
      keepClients: 3,
    })
  })

  it('is refused where it is no count', () => {
    expect(settle({ keepClients: 0 })).toThrow('keepClients must be a whole number of 1 or more')
    expect(settle({}, { DB_CONN_KEEP_CLIENTS: 'all' })).toThrow('DB_CONN_KEEP_CLIENTS must be')
  })
})

describe('environment', () => {
  it('gives durations in seconds, decimals allowed', () => {
    const environment = {
      DB_CONN_MAX_AGE: '60',
      DB_CONN_MAX_AGE_JITTER: '0.25',
      DB_CONN_IDLE_TIMEOUT: '1.5',
      DB_CONN_PROBE_INTERVAL: '0',
      DB_CONN_PROBE_TIMEOUT: '.5',
      DB_CONN_DRAIN_TIMEOUT: '10.',
      DB_CONN_CLOSE_TIMEOUT: '3',
      DB_CONN_MAX_CLIENTS: '7',
      DB_CONN_ACQUIRE_TIMEOUT: '2',
    }
    expect({ ...resolvePoolSettings({}, environment), ...resolveCapSettings({}, environment) }).toMatchObject({
      maxAge: 60_000,
      maxAgeJitter: 0.25,
      idleTimeout: 1_500,
      probeInterval: 0,
      probeTimeout: 500,
      drainTimeout: 10_000,
      closeTimeout: 3_000,
      maxClients: 7,
      acquireTimeout: 2_000,
    })
  })

  it('says none where there may be no limit', () => {
    const environment = {
      DB_CONN_MAX_AGE: 'none',
      DB_CONN_IDLE_TIMEOUT: 'None',
      DB_CONN_DRAIN_TIMEOUT: 'NONE',
      DB_CONN_MAX_CLIENTS: 'none',
      DB_CONN_ACQUIRE_TIMEOUT: 'none',
    }
    const settings = { ...resolvePoolSettings({}, environment), ...resolveCapSettings({}, environment) }
    expect(settings).toMatchObject({
      maxAge: Infinity,
      idleTimeout: Infinity,
      drainTimeout: Infinity,
      maxClients: Infinity,
      acquireTimeout: Infinity,
    })
  })

  it.each(['true', 'TRUE', '1', 'yes', 'Yes', 'on', 'ON'])('takes %s for true', (text) => {
    expect(resolvePoolSettings({}, { DB_CONN_HEALTH_CHECKS: text }).healthChecks).toBe(true)
  })

  it.each(['false', 'False', '0', 'no', 'NO', 'off', 'Off'])('takes %s for false', (text) => {
    expect(resolvePoolSettings({}, { DB_CONN_HEALTH_CHECKS: text }).healthChecks).toBe(false)
  })

  it.each(['', ' ', '-1', 'NaN', '60s', '60 # comment', '1e3', '0x10', 'Infinity', ' 60', '1,5', 'undefined', 'null'])(
    'refuses %j as a duration, when branches() is called',
    (text) => {
      const call = settle({}, { DB_CONN_MAX_AGE: text })
      expect(call).toThrow(expect.objectContaining({ name: 'InvalidOptionError', code: 'BRANCH_INVALID_OPTION' }))
      expect(call).toThrow(
        'DB_CONN_MAX_AGE must be a number of seconds of 0 or more, such as 60 or 0.5, or none for unlimited, ' +
          `got ${JSON.stringify(text)}`,
      )
    },
  )

  it.each(['', 'maybe', '2', 'yes ', 'enabled'])('refuses %j as a boolean', (text) => {
    expect(settle({}, { DB_CONN_HEALTH_CHECKS: text })).toThrow(
      `DB_CONN_HEALTH_CHECKS must be true or false, 1 or 0, yes or no, on or off, got ${JSON.stringify(text)}`,
    )
  })

  it.each([
    ['DB_CONN_MAX_AGE_JITTER', '1.1'],
    ['DB_CONN_MAX_AGE_JITTER', 'none'],
    ['DB_CONN_IDLE_TIMEOUT', '0'],
    ['DB_CONN_PROBE_INTERVAL', 'none'],
    ['DB_CONN_PROBE_TIMEOUT', '0'],
    ['DB_CONN_PROBE_TIMEOUT', 'none'],
    ['DB_CONN_MAX_CLIENTS', '0'],
    ['DB_CONN_MAX_CLIENTS', '2.5'],
    ['DB_CONN_ACQUIRE_TIMEOUT', '5s'],
    ['DB_CONN_DRAIN_TIMEOUT', ''],
  ])('refuses %s=%s', (variable, text) => {
    expect(settle({}, { [variable]: text })).toThrow(`${variable} must be`)
  })

  it('is overruled by an option given in code, and then not even looked at', () => {
    expect(resolvePoolSettings({ maxAge: 5 }, { DB_CONN_MAX_AGE: 'nonsense' }).maxAge).toBe(5)
    expect(resolvePoolSettings({ maxAge: undefined }, { DB_CONN_MAX_AGE: '5' }).maxAge).toBe(5_000)
  })
})

describe('options in code', () => {
  it.each([
    [{ maxAge: -1 }, 'maxAge must be a number of milliseconds of 0 or more, or Infinity, got -1'],
    [{ maxAge: Number.NaN }, 'got NaN'],
    [{ maxAge: '60' }, 'got "60"'],
    [{ maxAge: null }, 'got null'],
    [{ maxAgeJitter: 2 }, 'maxAgeJitter must be a number from 0 to 1, got 2'],
    [{ idleTimeout: 0 }, 'idleTimeout must be a number of milliseconds greater than 0'],
    [{ healthChecks: 'yes' }, 'healthChecks must be true or false, got "yes"'],
    [{ probeTimeout: Infinity }, 'probeTimeout must be'],
    [{ probe: 1 }, "probe must be SQL, such as 'SELECT 1', or a function of the driver adapter, got 1"],
    [{ probe: ' ' }, 'probe must be SQL'],
    [{ maxClients: 0 }, 'maxClients must be a whole number of 1 or more, or Infinity, got 0'],
    [{ maxAgge: 1 }, 'branches knows no option "maxAgge"'],
    [{ url: undefined }, 'url is missing'],
    [{ url: 42 }, 'url must be a function or a template with {branch} in it, got 42'],
    [{ adapter: undefined }, 'adapter must be a function such as (url) => new PrismaPg'],
    [{ client: {} }, 'client must be a function such as (adapter) => new PrismaClient({ adapter }), got an object'],
  ])('refuses %o', (options, message) => {
    expect(settle(options)).toThrow(message)
    expect(settle(options)).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_OPTION' }))
  })

  it.each([undefined, null, 'options', [], 1])('refuses %o in place of the options', (options) => {
    expect(() => branchesWith(options as unknown as BranchesOptions, {}, systemClock)).toThrow(
      'branches expects an object of options, got',
    )
  })

  it('persistentAdapter refuses what is no adapter, and options that only branches() has', () => {
    expect(() => persistentAdapter({} as never)).toThrow('persistentAdapter expects a driver adapter')
    const adapter = { provider: 'sqlite', adapterName: 'x', connect: () => Promise.reject(new Error()) } as const
    expect(() => persistentAdapter(adapter, { maxClients: 3 } as PoolOptions)).toThrow('knows no option "maxClients"')
  })

  it('extends nothing but a PrismaClient', () => {
    const extension = branchesWith(required, {}, systemClock)
    expect(() => extension({})).toThrow('branches() extends a PrismaClient')
  })
})
