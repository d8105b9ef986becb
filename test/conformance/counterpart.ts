import type { TestTitle } from './test-titles.ts'

/** Something that another project does with connections, and what we have for it. */
export interface Counterpart {
  behaviour: string
  /** Where it is in the other project, and the tests there that are about it. */
  sources: string[]
  ours: TestTitle[]
  /** What differs on purpose, and why. */
  differs?: string
}

/** Tests of one of our files. */
export function ours(file: string, ...titles: string[]): TestTitle[] {
  return titles.map((title) => ({ file: `test/${file}`, title }))
}
