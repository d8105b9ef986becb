import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/** Of the design: isolation, age, health, branches, cap, closing. */
const RULES = { I: 9, A: 9, H: 8, B: 9, C: 3, D: 4 }

it('every rule of the design is named by a test', () => {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'))
  const titles = files.flatMap((file) =>
    readFileSync(`test/${file}`, 'utf8').match(/^ *(it|describe).*|^ *(\]\)\()?['"`].*: .*/gm),
  )
  const rules = Object.entries(RULES).flatMap(([group, count]) =>
    Array.from({ length: count }, (_, i) => `${group}${i + 1}`),
  )
  const named = new RegExp(`\\b(${rules.join('|')})\\b`, 'g')
  const seen = new Set(titles.flatMap((title) => title?.match(named) ?? []))
  expect(rules.filter((rule) => !seen.has(rule))).toEqual([])
})
