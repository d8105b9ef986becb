/** The rules of the design, by their ids: what is promised, in a line each. */
export const RULES: Record<string, string> = {
  A1: "A pool's age counts from the start of connecting; use does not extend it.",
  A2: 'At exactly max-age a pool is obsolete.',
  A3: 'No statement and no transaction starts on an obsolete pool.',
  A4: 'An idle pool closes at its deadline without any request, by a timer that does not keep the process alive.',
  A5: 'A busy pool closes when its last statement or transaction ends.',
  A6: 'Neither frequent use nor a long unit of work keeps a pool alive past max-age.',
  A7: 'Elapsed time is the larger of the monotonic and the wall clock’s: a frozen process does not trust old sockets.',
  A8: 'Durations too long for a timer of Node neither fire at once nor never.',
  A9: 'At max-age 0 one pool serves a unit of work, and closes with the last unit or statement that uses it.',
  H1: 'A new pool is not probed.',
  H2: 'A reused pool is probed at most once in a unit of work, before its first statement or `BEGIN`.',
  H3: 'First statements that arrive together share one probe.',
  H4: 'A failed or hung probe retires the pool; the statement runs once, on a fresh one.',
  H5: 'If that cannot connect either, the caller gets the database’s error and nothing broken is kept.',
  H6: 'A statement that failed after it was sent is not repeated.',
  H7: 'An error of the connection makes its pool suspect, and the next use probes first; other errors do not.',
  H8: 'An obsolete pool is replaced without being probed.',
  B1: 'One client and one live pool for each datasource URL, however many callers arrive at once.',
  B2: 'A connect that fails is not cached.',
  B3: 'One close that fails does not stop the others, and is reported.',
  B4: 'A dropped branch is an error, never the rows of the main branch.',
  B5: 'An unknown branch is a typed error and leaves nothing behind.',
  B6: 'Branch URLs keep every parameter of the base URL.',
  B7: 'Units of work side by side do not see each other’s branch, which is fixed when a method is called.',
  B8: 'Delegates and methods kept in variables follow the branch, and later extensions keep the routing.',
  B9: 'A batch of promises of different branches is refused before anything is written.',
  C1: 'At the cap the idle pool used longest ago makes room.',
  C2: 'Callers without room wait in order, for a limited time, and then get an error that says what to do.',
  C3: 'A caller who gave up leaves no place taken.',
  D1: 'What is in flight finishes, within `drainTimeout`.',
  D2: 'Closing twice closes once.',
  D3: 'Nothing is left at the end: no connection, timer or unhandled rejection.',
  D4: 'A database in memory is not closed by age, idleness or the cap.',
}

/** The rules that a title names. */
export function rulesIn(title: string): string[] {
  return (title.match(/\b[A-DH]\d\b/g) ?? []).filter((id) => id in RULES)
}
