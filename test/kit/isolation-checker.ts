import { branchOf, type IsolationRecord, isRecorded, MAIN, type RecordedWrite } from './isolation-record.ts'

/** The marks in each database, by the name of its branch, as somebody else reads them: once for each column that has one. */
export type Stored = ReadonlyMap<string, readonly string[]>

/**
 * Compares what everybody was told with what is in the databases: no read was given a mark of another branch, or lacked one
 * that had to be there; no acknowledged write is missing or doubled; one that failed is there as a whole or not at all;
 * and no database, main least of all, has a row that was not meant for it.
 *
 * @param lost branches whose rows went with them: there nothing can be missing
 * @returns a sentence for each violation, which begins with its kind
 */
export function violations(record: IsolationRecord, stored: Stored, lost: readonly string[] = []): string[] {
  const ledger = new Ledger(record, stored)
  return [
    ...wrongReads(record, lost),
    ...record.counts
      .filter(({ branch, counted, expected }) => counted > expected || (counted < expected && !lost.includes(branch)))
      .map(
        ({ who, branch, what, counted, expected }) =>
          `wrong count: ${who} was told of ${counted} ${what} on ${branch}, where there are ${expected}`,
      ),
    ...ledger.strangers(),
    ...record.writes.flatMap((write) => [...ledger.judge(write, lost.includes(write.branch))]),
  ]
}

/** Those among them that are known as soon as something was read. */
export function wrongReads({ reads }: IsolationRecord, lost: readonly string[] = []): string[] {
  return reads.flatMap(({ who, branch, marks, expected }) => [
    ...marks
      .filter((mark) => branchOf(mark) !== branch)
      .map((mark) => `crossed read: ${who} was given ${mark} on ${branch}`),
    ...expected
      .filter((mark) => !lost.includes(branch) && !marks.includes(mark))
      .map((mark) => `blind read: ${who} was not given ${mark} on ${branch}`),
  ])
}

class Ledger {
  /** How often each mark is in each database. */
  readonly #stored = new Map<string, Map<string, number>>()
  readonly #putBy = new Map<string, RecordedWrite>()
  readonly #takenBy = new Map<string, RecordedWrite[]>()

  constructor({ writes }: IsolationRecord, stored: Stored) {
    for (const [database, marks] of stored) {
      const times = new Map<string, number>()
      for (const mark of marks) times.set(mark, (times.get(mark) ?? 0) + 1)
      this.#stored.set(database, times)
    }
    for (const write of writes) {
      for (const mark of write.puts) this.#putBy.set(mark, write)
      for (const mark of write.takes) this.#takenBy.set(mark, [...(this.#takenBy.get(mark) ?? []), write])
    }
  }

  /** What is in a database and was written for another, or by nobody. */
  *strangers(): Iterable<string> {
    for (const [database, marks] of this.#stored) {
      for (const mark of marks.keys()) {
        const branch = branchOf(mark)
        if (branch !== database && database === MAIN) yield `write to main: ${mark} was meant for ${branch}`
        else if (branch !== database) yield `row in the wrong database: ${mark} is in ${database}`
        else if (isRecorded(mark) && !this.#putBy.has(mark))
          yield `unknown row: ${mark} in ${database} was written by nobody`
      }
    }
  }

  *judge(write: RecordedWrite, lost: boolean): Iterable<string> {
    const { branch, error = '', outcome, undone } = write
    const what = `${[...write.puts, ...write.takes].join(', ')} of ${write.who} on ${branch}`
    if (write.puts.some((mark) => this.#times(mark) > 1)) yield `doubled write: ${what} is there more than once`
    // Nobody else writes these marks: it was there because the same write had been done before.
    if (isRefusedAsDuplicate(error)) yield `doubled write: ${what} failed since it was there already`
    if (undone) {
      if (outcome === 'acknowledged') yield `write that had to fail: ${what} was acknowledged`
      if (write.puts.some((mark) => this.#times(mark) > 0)) yield `write that had to fail: ${what} was done`
    } else if (!lost) {
      const done = this.#evidence(write)
      if (done.includes(true) && done.includes(false)) yield `partial write: ${what} was ${outcome} and is half done`
      else if (outcome === 'acknowledged' && done.includes(false)) yield `lost write: ${what} is missing`
    }
  }

  /** Of each mark that tells for certain: whether the write was done to it. */
  #evidence(write: RecordedWrite): boolean[] {
    const put = write.puts.filter((mark) => !this.#takenBy.has(mark)).map((mark) => this.#times(mark) > 0)
    const taken = write.takes
      .filter((mark) => this.#takenBy.get(mark)?.length === 1 && this.#putBy.get(mark)?.outcome === 'acknowledged')
      .map((mark) => this.#times(mark) === 0)
    return [...put, ...taken]
  }

  /** Where it belongs. */
  #times(mark: string): number {
    return this.#stored.get(branchOf(mark))?.get(mark) ?? 0
  }
}

function isRefusedAsDuplicate(error: string): boolean {
  return /P2002|unique constraint|duplicate/i.test(error)
}
