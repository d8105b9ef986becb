import type { Branch } from '../datasource/branch.ts'
import { identifyDatasource } from '../datasource/identity.ts'
import type { Clock } from '../pools/clock.ts'
import type { Datasource } from '../pools/datasource.ts'
import type { BranchEvents } from '../pools/events.ts'
import type { Pools } from '../pools/pools.ts'
import { describe } from '../settings/describe.ts'
import { InvalidBranchNameError, UnknownBranchError } from '../settings/errors.ts'
import type { BranchesOptions } from '../settings/options.ts'
import type { Environment } from '../settings/settings.ts'
import type { BranchClient } from './branch-client.ts'
import { ClientMaker, type ClientMakerParts } from './client-maker.ts'
import { UrlOption } from './url-option.ts'

interface Entry {
  readonly branch: Branch
  readonly client: BranchClient
  /** The spellings of the URL that led here. */
  readonly urls: Set<string>
}

/** What the clients are made of, and kept by. */
export interface BranchClientsParts extends ClientMakerParts {
  readonly events: BranchEvents
  readonly keepClients: number
  readonly clock: Clock
}

/**
 * From a branch's name to its PrismaClient: one client per datasource URL.
 *
 * A client is cheap to keep while its pool is closed, and dear to make, so the `keepClients` used last are kept, besides
 * those at work. One that leaves does what is still asked of it, on the live pool of its URL, and is disconnected at rest.
 */
export class BranchClients {
  readonly #url: UrlOption
  readonly #maker: ClientMaker
  readonly #pools: Pools
  readonly #keepClients: number
  readonly #clock: Clock
  /** By key, in order of use, the latest last. */
  readonly #entries = new Map<string, Entry>()
  #latest: Entry | undefined
  /** By URL as the application spells it, so that the URL of a branch in use is not parsed at every call. */
  readonly #byUrl = new Map<unknown, Entry>()
  /** Let go of, and not disconnected yet. */
  readonly #leaving = new Set<BranchClient>()

  /** @throws {InvalidOptionError} on a `url`, `adapter` or `client` option that is none */
  constructor(options: BranchesOptions, environment: Environment, parts: BranchClientsParts) {
    this.#maker = new ClientMaker(options, parts)
    this.#url = new UrlOption(options.url, environment)
    this.#pools = parts.pools
    this.#keepClients = parts.keepClients
    this.#clock = parts.context.clock(parts.clock)
    // What could not leave while its pool was open can now.
    parts.events.on('closed', () => this.#shed())
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
    const url = this.#url.ask(name)
    const known = this.#byUrl.get(url)
    if (known !== undefined) return this.#found(known, name)
    const identity = identifyDatasource(url, name)
    const entry = this.#entries.get(identity.key)
    // That the URL is a string is what identifying it has shown.
    if (entry === undefined) return { ...identity, name, url: url as string }
    entry.urls.add(url as string)
    this.#byUrl.set(url, entry)
    return this.#found(entry, name)
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
    for (const entry of this.#entries.values()) if (which(entry.client.datasource)) this.#drop(entry)
  }

  /** The branch under the name it was asked for by: one datasource may have several, which part when their URLs do. */
  #found(entry: Entry, name: string): Branch {
    this.#touch(entry)
    return entry.branch.name === name ? entry.branch : { ...entry.branch, name }
  }

  /** Lets go of all clients, and disconnects those that nothing is under way on: all of them, once pools are shut down. */
  async disconnect(): Promise<void> {
    this.forget(() => true)
    // What has begun in the microtasks before is at its adapter then.
    await new Promise<void>((resolve) => this.#clock.nextTurn(resolve))
    await Promise.all([...this.#leaving].map((client) => client.disconnect()))
    this.#leaving.clear()
  }

  /** Moves it to the end: the one used last. */
  #touch(entry: Entry): void {
    if (entry === this.#latest) return
    this.#latest = entry
    this.#entries.delete(entry.branch.key)
    this.#entries.set(entry.branch.key, entry)
  }

  #add(branch: Branch): Entry {
    const client = this.#maker.make(branch, () => this.#shed())
    const entry: Entry = { branch, client, urls: new Set([branch.url]) }
    this.#entries.set(branch.key, entry)
    this.#latest = entry
    this.#byUrl.set(branch.url, entry)
    this.#shed()
    return entry
  }

  /** Lets go of the clients used least recently, of those that are more than may be kept. */
  #shed(): void {
    if (this.#entries.size <= this.#keepClients) return
    for (const entry of this.#entries.values()) {
      if (entry !== this.#latest) this.#drop(entry)
      if (this.#entries.size <= this.#keepClients) return
    }
  }

  /** A client at work stays, and so does one whose pool is open. */
  #drop(entry: Entry): void {
    const { key } = entry.branch
    if (!entry.client.work.isOver || this.#pools.has(key)) return
    this.#entries.delete(key)
    if (entry === this.#latest) this.#latest = undefined
    for (const url of entry.urls) this.#byUrl.delete(url)
    this.#leaving.add(entry.client)
    entry.client.letGo(this.#clock, () => this.#leaving.delete(entry.client))
  }
}
