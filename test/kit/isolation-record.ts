/** How the main database is called among the branches. */
export const MAIN = 'main'

/**
 * A mark is what a test writes into a column for people's words (an address, a name, a title). It begins with the name of
 * the branch that it was written for, so that a row tells by itself where it belongs.
 */
export function branchOf(mark: string): string {
  return /^\w*/.exec(mark)?.[0] ?? ''
}

/** Marks of recorded writes end so. Others are of work that keeps its own books, and of the rows that were there before. */
export const RECORDED = '@recorded'

export function isRecorded(mark: string): boolean {
  return mark.endsWith(RECORDED)
}

/** One write of one caller, all or nothing. Plain data, so that it can come from another process. */
export interface RecordedWrite {
  readonly who: string
  readonly branch: string
  readonly puts: readonly string[]
  /** Marks that it removes or replaces. */
  readonly takes: readonly string[]
  /** Nothing of it may be done: its caller takes it back, or it has to be refused. */
  readonly undone: boolean
  /** `unknown` until it settles. */
  outcome: 'acknowledged' | 'failed' | 'unknown'
  error?: string
}

/** What one caller was given. */
export interface RecordedRead {
  readonly who: string
  readonly branch: string
  readonly marks: readonly string[]
  /** Marks that had to be among them. */
  readonly expected: readonly string[]
}

/** What one caller was told of rows that it was not given: how many there are. */
export interface RecordedCount {
  readonly who: string
  readonly branch: string
  readonly what: string
  readonly counted: number
  readonly expected: number
}

export interface IsolationRecord {
  readonly writes: RecordedWrite[]
  readonly reads: RecordedRead[]
  readonly counts: RecordedCount[]
}

/** Writes down what everybody asked of which branch, and what came of it. */
export class IsolationRecorder {
  readonly record: IsolationRecord = { writes: [], reads: [], counts: [] }
  #visits = 0

  visit(branch: string): Visit {
    return new Visit(this.record, branch, `${++this.#visits}`)
  }
}

/** A caller on a branch: what it does there goes through here. */
export class Visit {
  readonly branch: string
  readonly #record: IsolationRecord
  readonly #of: { readonly who: string; readonly branch: string }
  #marks = 0

  constructor(record: IsolationRecord, branch: string, who: string) {
    this.branch = branch
    this.#record = record
    this.#of = { who, branch }
  }

  /** A mark that nobody else has. */
  mark(): string {
    return `${this.#of.branch}-${this.#of.who}.${++this.#marks}${RECORDED}`
  }

  /**
   * A write that is done as a whole or not at all. What it returns counts as read.
   *
   * @param takes marks of acknowledged writes that it removes or replaces
   */
  async write<T>(puts: readonly string[], work: () => PromiseLike<T>, takes: readonly string[] = []): Promise<T> {
    return this.#write({ ...this.#of, puts, takes, undone: false, outcome: 'unknown' }, work)
  }

  /** A write of which nothing may be done, and what it fails with. Marks of several branches may be in it. */
  async undone(puts: readonly string[], work: () => PromiseLike<unknown>): Promise<unknown> {
    try {
      await this.#write({ ...this.#of, puts, takes: [], undone: true, outcome: 'unknown' }, work)
    } catch (error) {
      return error
    }
    throw new Error('Nothing of it was to be done, and it was acknowledged')
  }

  async read<T>(work: () => PromiseLike<T>, expected: readonly string[] = []): Promise<T> {
    const result = await work()
    this.saw(result, expected)
    return result
  }

  /** Whatever a client returned: rows, rows of rows, several of them. */
  saw(result: unknown, expected: readonly string[] = []): void {
    const marks = marksIn(result)
    if (marks.length > 0 || expected.length > 0) this.#record.reads.push({ ...this.#of, marks, expected })
  }

  /** A number of rows that a client returned. */
  counted(what: string, counted: number, expected: number): void {
    this.#record.counts.push({ ...this.#of, what, counted, expected })
  }

  async #write<T>(write: RecordedWrite, work: () => PromiseLike<T>): Promise<T> {
    // Before it is sent: one that never settles is recorded as well.
    this.#record.writes.push(write)
    try {
      const result = await work()
      write.outcome = 'acknowledged'
      this.saw(result)
      return result
    } catch (error) {
      write.outcome = 'failed'
      write.error = describe(error)
      throw error
    }
  }
}

/** The columns of `prisma/` that are for people's words. */
const COLUMNS: ReadonlySet<string> = new Set(['email', 'name', 'title'])

/** SQL that reads every mark of a database once, as `mark`. */
export function selectMarks(table: (model: string) => string): string {
  return `SELECT email AS mark FROM ${table('User')}
    UNION ALL SELECT name FROM ${table('User')} WHERE name IS NOT NULL
    UNION ALL SELECT title FROM ${table('Post')}`
}

function marksIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'string' && COLUMNS.has(key) ? [inner] : marksIn(inner),
  )
}

function describe(error: unknown): string {
  const { code = '', message = String(error) } = error as { code?: string; message?: string }
  return `${code} ${message}`
}
