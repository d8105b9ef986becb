import type { PrismaClient } from '../../generated/sqlite/client.ts'
import type { SqlDriverAdapterFactory } from '../../src/driver/driver-adapter.ts'

/** The clients generated for the three kinds of database differ in nothing that the rules use: they are typed as one. */
export type Client = PrismaClient

/** What some rules need and some databases lack. */
export type Ability =
  /** Somebody else than the library sees when its connections are gone. */
  | 'see connections go'
  /** And can count them at any time. */
  | 'count connections'
  /** An administrator can end a connection, also under a statement. */
  | 'cut connections'
  /** A pool may open while the one before it drains. */
  | 'two pools at once'
  /** Transactions keep the database they were started on. */
  | 'transactions'
  /** A pool can be closed and opened again, and the rows are still there. */
  | 'reopen'
  /** A branch that is dropped is gone for those who have it open. */
  | 'drop in use'

/** A way to keep branches in a kind of database. */
export interface Backend {
  readonly name: string
  /** Each with the reason, which ends up in the report. */
  readonly lacks: Partial<Record<Ability, string>>
  /** @throws {ServerMissingError} */
  start(): Promise<BackendServer>
}

export interface BackendServer {
  /** Connections of one pool at most. */
  readonly poolSize: number
  /** How an identifier is quoted in raw SQL. */
  quote(identifier: string): string
  client(adapter: SqlDriverAdapterFactory): Client
  adapter(url: string): SqlDriverAdapterFactory
  /** The databases of one test, which no other test sees. */
  databases(): Promise<Databases>
  stop(): Promise<void>
}

/** Of one test: a main database and branches. Everything here happens behind the library's back. */
export interface Databases {
  /** The datasource URL of a branch, whether it exists or not. `main` is the main client's. */
  url(branch: string): string
  /** Makes a branch with its tables and one user, named after it. */
  create(branch: string): Promise<void>
  drop(branch: string): Promise<void>
  /** Of all users of a branch, in order of their ids. */
  emails(branch: string): Promise<string[]>
  /** Whatever tests wrote for people into a branch: addresses, names, titles. */
  marks(branch: string): Promise<string[]>
  /** As the server sees them: of the main client and all branches. */
  connections(): Promise<number>
  /** Ends all connections. */
  cut(): Promise<void>
  /** A statement that adds a user after five minutes. */
  slowInsert(email: string): string
  /** How many of those are under way, as the server sees it. */
  slowInserts(): Promise<number>
  remove(): Promise<void>
}

/** The members of {@link Databases} that a database without servers and connections has no use for. */
export function without(backend: string): Pick<Databases, 'cut' | 'slowInsert' | 'slowInserts'> {
  const lacking = (): never => {
    throw new Error(`${backend} has nothing like it: the rule should name the ability it needs`)
  }
  return { cut: lacking, slowInsert: lacking, slowInserts: lacking }
}
