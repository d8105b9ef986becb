import { describe } from './describe.ts'
import { InvalidOptionError } from './errors.ts'
import type { PoolOptions, Probe } from './options.ts'

/** {@link PoolOptions} after defaults and environment. */
export interface PoolSettings {
  readonly maxAge: number
  readonly maxAgeJitter: number
  readonly idleTimeout: number
  readonly healthChecks: boolean
  readonly probe: string | Probe
  readonly probeInterval: number
  readonly probeTimeout: number
  readonly drainTimeout: number
  readonly closeTimeout: number
}

/** What bounds the pools of one extension together. */
export interface CapSettings {
  readonly maxClients: number
  readonly acquireTimeout: number
}

/** What is said of branches and their clients, rather than of pools. */
export interface BranchSettings {
  readonly keepClients: number
  readonly requireBranch: boolean
}

export type Environment = Record<string, string | undefined>

/** One kind of value: what it accepts in code, and how it reads in the environment. `undefined` means refused. */
interface Kind<T> {
  accepts: string
  check(value: unknown): T | undefined
  acceptsInEnvironment: string
  parse(text: string): T | undefined
}

interface NumberRange {
  unlimited?: boolean
  positive?: boolean
}

const MILLISECONDS_PER_SECOND = 1000

function parseDecimal(text: string): number | undefined {
  const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

function duration({ unlimited = false, positive = false }: NumberRange = {}): Kind<number> {
  const range = positive ? 'greater than 0' : 'of 0 or more'
  const check = (value: unknown) => {
    if (typeof value !== 'number' || Number.isNaN(value) || value < 0 || (positive && value === 0)) return undefined
    return value === Infinity && !unlimited ? undefined : value
  }
  return {
    accepts: `a number of milliseconds ${range}${unlimited ? ', or Infinity' : ''}`,
    check,
    acceptsInEnvironment: `a number of seconds ${range}, such as 60 or 0.5${unlimited ? ', or none for unlimited' : ''}`,
    parse(text) {
      if (unlimited && text.toLowerCase() === 'none') return Infinity
      const seconds = parseDecimal(text)
      return seconds === undefined ? undefined : check(seconds * MILLISECONDS_PER_SECOND)
    },
  }
}

const share: Kind<number> = {
  accepts: 'a number from 0 to 1',
  check: (value) => (typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined),
  acceptsInEnvironment: 'a number from 0 to 1, such as 0.1',
  parse: (text) => share.check(parseDecimal(text)),
}

const count: Kind<number> = {
  accepts: 'a whole number of 1 or more, or Infinity',
  check: (value) =>
    value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 1) ? Number(value) : undefined,
  acceptsInEnvironment: 'a whole number of 1 or more, or none for unlimited',
  parse: (text) =>
    text.toLowerCase() === 'none' ? Infinity : count.check(/^\d+$/.test(text) ? Number(text) : undefined),
}

const flag: Kind<boolean> = {
  accepts: 'true or false',
  check: (value) => (typeof value === 'boolean' ? value : undefined),
  acceptsInEnvironment: 'true or false, 1 or 0, yes or no, on or off',
  parse(text) {
    if (/^(true|1|yes|on)$/i.test(text)) return true
    return /^(false|0|no|off)$/i.test(text) ? false : undefined
  },
}

/** An option's kind, default and environment variable: the table of docs/options.md, in code. */
interface Specification<T> {
  kind: Kind<T>
  fallback: T
  variable: string
}

type Specifications<S> = { readonly [K in keyof S]: Specification<S[K]> }

const POOL_OPTIONS: Specifications<Omit<PoolSettings, 'probe'>> = {
  maxAge: { kind: duration({ unlimited: true }), fallback: 0, variable: 'DB_CONN_MAX_AGE' },
  maxAgeJitter: { kind: share, fallback: 0.1, variable: 'DB_CONN_MAX_AGE_JITTER' },
  // Zero would be a second way to say maxAge: 0.
  idleTimeout: {
    kind: duration({ unlimited: true, positive: true }),
    fallback: Infinity,
    variable: 'DB_CONN_IDLE_TIMEOUT',
  },
  healthChecks: { kind: flag, fallback: false, variable: 'DB_CONN_HEALTH_CHECKS' },
  probeInterval: { kind: duration(), fallback: 1_000, variable: 'DB_CONN_PROBE_INTERVAL' },
  probeTimeout: { kind: duration({ positive: true }), fallback: 2_000, variable: 'DB_CONN_PROBE_TIMEOUT' },
  drainTimeout: { kind: duration({ unlimited: true }), fallback: 30_000, variable: 'DB_CONN_DRAIN_TIMEOUT' },
  closeTimeout: { kind: duration({ positive: true }), fallback: 2_000, variable: 'DB_CONN_CLOSE_TIMEOUT' },
}

const CAP_OPTIONS: Specifications<CapSettings> = {
  maxClients: { kind: count, fallback: 20, variable: 'DB_CONN_MAX_CLIENTS' },
  acquireTimeout: { kind: duration({ unlimited: true }), fallback: 5_000, variable: 'DB_CONN_ACQUIRE_TIMEOUT' },
}

export const POOL_OPTION_NAMES: readonly string[] = [...Object.keys(POOL_OPTIONS), 'probe']
export const CAP_OPTION_NAMES: readonly string[] = Object.keys(CAP_OPTIONS)
export const CLIENT_OPTION_NAMES: readonly string[] = ['keepClients', 'requireBranch']

/** @throws {InvalidOptionError} unless `options` is an object with none but `known` keys */
export function checkOptionNames(of: string, options: unknown, known: readonly string[]): asserts options is object {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidOptionError(`${of} expects an object of options, got ${describe(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new InvalidOptionError(`${of} knows no option ${JSON.stringify(name)}. It knows ${known.join(', ')}`)
  }
}

/** @throws {InvalidOptionError} naming the option or variable, the value, and what is accepted */
export function resolvePoolSettings(options: PoolOptions, environment: Environment): PoolSettings {
  return { ...resolve(POOL_OPTIONS, options, environment), probe: resolveProbe(options.probe) }
}

/** @throws {InvalidOptionError} naming the option or variable, the value, and what is accepted */
export function resolveCapSettings(options: object, environment: Environment): CapSettings {
  return resolve(CAP_OPTIONS, options, environment)
}

/**
 * @param maxClients how many clients are kept unless the options say so
 * @throws {InvalidOptionError} naming the option or variable, the value, and what is accepted
 */
export function resolveBranchSettings(
  options: object,
  environment: Environment,
  { maxClients }: CapSettings,
): BranchSettings {
  const specifications: Specifications<BranchSettings> = {
    keepClients: { kind: count, fallback: maxClients, variable: 'DB_CONN_KEEP_CLIENTS' },
    requireBranch: { kind: flag, fallback: false, variable: 'DB_BRANCH_REQUIRED' },
  }
  return resolve(specifications, options, environment)
}

function resolveProbe(probe: unknown = 'SELECT 1'): string | Probe {
  if (typeof probe === 'function' || (typeof probe === 'string' && probe.trim() !== '')) return probe as string | Probe
  throw new InvalidOptionError(
    `probe must be SQL, such as 'SELECT 1', or a function of the driver adapter, got ${describe(probe)}`,
  )
}

function resolve<S>(specifications: Specifications<S>, options: object, environment: Environment): S {
  const given = new Map<string, unknown>(Object.entries(options))
  const settings = Object.entries<Specification<unknown>>(specifications).map(([name, specification]) => [
    name,
    resolveOne(name, specification, given.get(name), environment[specification.variable]),
  ])
  return Object.fromEntries(settings) as S
}

function resolveOne<T>(name: string, spec: Specification<T>, given: unknown, text: string | undefined): T {
  const { kind, variable } = spec
  if (given !== undefined) {
    const value = kind.check(given)
    if (value !== undefined) return value
    const shown = typeof given === 'string' ? JSON.stringify(given) : describe(given)
    throw new InvalidOptionError(`${name} must be ${kind.accepts}, got ${shown}`)
  }
  if (text === undefined) return spec.fallback
  const value = kind.parse(text)
  if (value !== undefined) return value
  throw new InvalidOptionError(`${variable} must be ${kind.acceptsInEnvironment}, got ${JSON.stringify(text)}`)
}
