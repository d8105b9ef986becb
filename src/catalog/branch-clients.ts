import { ManagedAdapterFactory } from '../adapter/managed-adapter.ts'
import type { Branch } from '../datasource/branch.ts'
import { identifyDatasource } from '../datasource/identity.ts'
import { redact } from '../datasource/redaction.ts'
import { isAdapterFactory, type SqlDriverAdapterFactory } from '../driver/driver-adapter.ts'
import type { Datasource } from '../pools/datasource.ts'
import type { OwnContext } from '../pools/own-context.ts'
import type { Pools } from '../pools/pools.ts'
import { describe } from '../settings/describe.ts'
import {
  BranchError,
  BranchFactoryError,
  InvalidBranchNameError,
  InvalidOptionError,
  UnknownBranchError,
} from '../settings/errors.ts'
import type { BranchesOptions } from '../settings/options.ts'
import type { Environment } from '../settings/settings.ts'
import { UnitOfWork } from '../units/unit-of-work.ts'
import { BranchClient } from './branch-client.ts'
import { BranchDatasource, externalPool } from './branch-datasource.ts'
import { checkOmit } from './omit.ts'
import { isPrismaClient, type PrismaClientLike } from './prisma-client.ts'
import { urlTemplate } from './url-template.ts'

interface Entry {
  readonly branch: Branch
  readonly datasource: Datasource
  readonly client: BranchClient
  /** The spellings of the URL that led here. */
  readonly urls: Set<string>
}

/** What the clients are made of. */
export interface BranchClientsParts {
  readonly pools: Pools
  /** Where the application's options are called. */
  readonly context: OwnContext
  readonly keepClients: number
  /** The client that is extended, unless there is none yet. */
  readonly main: PrismaClientLike | undefined
}

/**
 * From a branch's name to its PrismaClient: one client per datasource URL.
 *
 * A client is cheap to keep while its pool is closed, and dear to make, so the `keepClients` used last are kept. One that
 * leaves is not disconnected but left to the garbage collector: `$disconnect()` would cut a transaction that has not
 * reached the adapter yet, while a client that is let go does its work to the end, on the live pool of its URL.
 */
export class BranchClients {
  readonly #options: BranchesOptions
  readonly #urlOf: (name: string) => unknown
  readonly #pools: Pools
  readonly #keepClients: number
  /** By key, in order of use, the latest last. */
  readonly #entries = new Map<string, Entry>()
  #latest: Entry | undefined
  /** By URL as the application spells it, so that the URL of a branch in use is not parsed at every call. */
  readonly #byUrl = new Map<string, Entry>()
  /** The clients in use: each branch must get one of its own. */
  readonly #taken = new WeakSet<object>()
  /** By adapter, of all that are taken: each URL must get one of its own. */
  readonly #keys = new WeakMap<object, string>()
  readonly #context: OwnContext
  readonly #main: PrismaClientLike | undefined

  /** @throws {InvalidOptionError} on a `url`, `adapter` or `client` option that is none */
  constructor(
    options: BranchesOptions,
    environment: Environment,
    { pools, context, keepClients, main }: BranchClientsParts,
  ) {
    for (const name of ['adapter', 'client'] as const) {
      if (typeof options[name] === 'function') continue
      const example =
        name === 'adapter'
          ? '(url) => new PrismaPg({ connectionString: url })'
          : '(adapter) => new PrismaClient({ adapter })'
      throw new InvalidOptionError(`${name} must be a function such as ${example}, got ${describe(options[name])}`)
    }
    this.#options = options
    this.#urlOf = urlResolver(options.url, environment)
    this.#pools = pools
    this.#keepClients = keepClients
    this.#context = context
    this.#main = main
    // It is no branch's.
    if (main !== undefined) this.#taken.add(main)
  }

  /**
   * Opens nothing and keeps nothing: an unknown name leaves no trace (rule B5).
   *
   * @throws {InvalidBranchNameError} if `name` cannot be a branch's
   * @throws {UnknownBranchError} if the `url` option knows no such branch
   * @throws {InvalidDatasourceUrlError} if what it returned does not parse
   */
  resolve(name: unknown): Branch {
    if (typeof name !== 'string' || name === '') {
      throw new InvalidBranchNameError(`A branch's name must be a string that is not empty, got ${describe(name)}`)
    }
    const url = this.#lookUp(name)
    const known = this.#byUrl.get(url) ?? this.#recognize(name, url)
    if (known === undefined) return { ...identifyDatasource(url, name), name, url }
    this.#touch(known)
    return known.branch
  }

  /** The client of a branch, made on first use. @throws {BranchFactoryError} if `adapter` or `client` fails */
  get(branch: Branch): BranchClient {
    return (this.#entries.get(branch.key) ?? this.#add(branch)).client
  }

  /** Whether a datasource is the branch's, by the name it was opened under or by what the `url` option says now. */
  matcher(name: unknown): (datasource: Datasource) => boolean {
    let current: string | undefined
    try {
      current = this.resolve(name).key
    } catch (error) {
      // A branch that is gone already can still be closed.
      if (!(error instanceof UnknownBranchError)) throw error
    }
    return ({ branch, key }) => branch === name || key === current
  }

  /** Lets go of the clients of the branches that `which` matches, once these are closed. */
  forget(which: (datasource: Datasource) => boolean): void {
    for (const entry of this.#entries.values()) if (which(entry.datasource)) this.#drop(entry)
  }

  /** Moves it to the end: the one used last. */
  #touch(entry: Entry): void {
    if (entry === this.#latest) return
    this.#latest = entry
    this.#entries.delete(entry.branch.key)
    this.#entries.set(entry.branch.key, entry)
  }

  #lookUp(name: string): string {
    let url: unknown
    try {
      // What the application does in there on its client is none of the unit's doing.
      url = UnitOfWork.outside(() => this.#urlOf(name))
    } catch (error) {
      if (error instanceof BranchError) throw error
      throw new UnknownBranchError(name, 'the url option threw (see cause)', { cause: error })
    }
    if (url === undefined || url === null) throw new UnknownBranchError(name, `the url option returned ${url}`)
    ignoreRejection(url)
    return url as string
  }

  /** The entry of the same datasource under another spelling. */
  #recognize(name: string, url: string): Entry | undefined {
    const known = this.#entries.get(identifyDatasource(url, name).key)
    known?.urls.add(url)
    if (known !== undefined) this.#byUrl.set(url, known)
    return known
  }

  #add(branch: Branch): Entry {
    const { key, name, url } = branch
    const factory = this.#make('adapter', isAdapterFactory, 'a driver adapter', branch, () => {
      return this.#options.adapter(url)
    })
    this.#checkAdapter(factory, branch)
    const datasource = new BranchDatasource(factory, branch)
    const adapter = new ManagedAdapterFactory(factory, datasource, this.#pools)
    const base = this.#make('client', isPrismaClient, 'a PrismaClient', branch, () => this.#options.client(adapter))
    if (this.#taken.has(base)) {
      throw new BranchFactoryError(
        `The client option returned a client for branch ${JSON.stringify(name)} that is in use already. It must make a ` +
          'new one with the adapter it is given: (adapter) => new PrismaClient({ adapter })',
      )
    }
    checkOmit(this.#main, base, name)
    datasource.pin(base)
    this.#taken.add(base)
    this.#keys.set(factory, key)
    const entry: Entry = { branch, datasource, client: new BranchClient(name, base, adapter), urls: new Set([url]) }
    this.#entries.set(key, entry)
    this.#latest = entry
    this.#byUrl.set(url, entry)
    this.#shed(entry)
    return entry
  }

  /** @throws {BranchFactoryError} on an adapter that two branches would share, or whose connections are not its own */
  #checkAdapter(factory: SqlDriverAdapterFactory, { key, name }: Branch): void {
    const context = `The adapter option, called for branch ${JSON.stringify(name)},`
    if ((this.#keys.get(factory) ?? key) !== key) {
      throw new BranchFactoryError(
        `${context} returned the adapter of another branch. It must make one of the URL it is given, and of nothing else: ` +
          '(url) => new PrismaPg({ connectionString: url })',
      )
    }
    // PrismaPg's, which neither closes such a pool nor opens another.
    if ((factory as { externalPool?: unknown }).externalPool) throw externalPool(name)
  }

  #make<T>(
    option: string,
    is: (value: unknown) => value is T,
    expected: string,
    branch: Branch,
    make: () => unknown,
  ): T {
    const context = `The ${option} option, called for branch ${JSON.stringify(branch.name)},`
    let made: unknown
    try {
      made = this.#context.run(make)
    } catch (error) {
      throw new BranchFactoryError(`${context} threw (see cause)`, { cause: redact(error, branch.url) })
    }
    if (is(made)) return made
    ignoreRejection(made)
    throw new BranchFactoryError(`${context} must return ${expected}, returned ${describe(made)}`)
  }

  /** Lets go of the clients used least recently, but not of the one just made. */
  #shed(newest: Entry): void {
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= this.#keepClients) return
      if (entry !== newest) this.#drop(entry)
    }
  }

  /** A client whose pool is open stays. */
  #drop(entry: Entry): void {
    const { key } = entry.datasource
    if (this.#pools.has(key)) return
    entry.client.drop()
    this.#entries.delete(key)
    this.#latest = undefined
    for (const url of entry.urls) this.#byUrl.delete(url)
  }
}

/** A promise where none may be is refused, whatever comes of it. */
function ignoreRejection(value: unknown): void {
  if (value instanceof Promise) value.catch(() => {})
}

const URL_VARIABLE = 'DATABASE_BRANCH_URL'

function urlResolver(url: unknown, environment: Environment): (name: string) => unknown {
  if (typeof url === 'function') return (name) => url(name)
  if (typeof url === 'string') return urlTemplate('url', url)
  if (url !== undefined) {
    throw new InvalidOptionError(`url must be a function or a template with {branch} in it, got ${describe(url)}`)
  }
  const template = environment[URL_VARIABLE]
  if (template !== undefined) return urlTemplate(URL_VARIABLE, template)
  throw new InvalidOptionError(
    `url is missing: give a function (branch) => url, a template with {branch} in it, or set ${URL_VARIABLE}`,
  )
}
