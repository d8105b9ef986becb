import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { COUNTERPARTS, conformance, DOCUMENT } from './document.ts'
import { RULES, rulesIn } from './rules.ts'
import { testTitles, titlesIn } from './test-titles.ts'

const titles = testTitles()
const known = new Set(titles.map(({ file, title }) => `${file}: ${title}`))

describe('docs/conformance.md', () => {
  it('is what npm run docs:conformance makes', () => {
    expect(readFileSync(DOCUMENT, 'utf8')).toBe(conformance(titles))
  })

  it('names no test that does not exist', () => {
    const named = COUNTERPARTS.flatMap(({ ours }) => ours.map(({ file, title }) => `${file}: ${title}`))
    expect(named.filter((test) => !known.has(test))).toEqual([])
  })

  it('has a test for each rule and for each behaviour of others', () => {
    const tested = new Set(titles.flatMap(({ title }) => rulesIn(title)))
    expect(Object.keys(RULES).filter((rule) => !tested.has(rule))).toEqual([])
    expect(COUNTERPARTS.filter(({ ours }) => ours.length === 0)).toEqual([])
  })
})

describe('titles in a source', () => {
  it.each([
    ["it('plain', () => {})", ['plain']],
    ['  test("quoted, \\"escaped\\"", () => {})', ['quoted, "escaped"']],
    ["describe('outer', () => {\n  it('inner', () => {})\n})", ['outer', 'inner']],
    ["it.each([\n  ['(', 1],\n  [')', 2],\n])('of %s', (a) => {})", ['of %s']],
    ["it.skipIf(none)('when there is one', () => {})", ['when there is one']],
    ['it(`of $' + '{name}`, () => {})', ['of …']],
    ["  rule(\n    'of the matrix',\n    [],", ['of the matrix']],
    ["split('it(x)'); exit('no title'); it(title, () => {})", []],
  ])('%j', (source, expected) => {
    expect(titlesIn(source)).toEqual(expected)
  })
})
