import { expect, it } from 'vitest'
import { mergeVary } from '../../../src/http/vary.ts'

it.each<[given: Parameters<typeof mergeVary>[0], fields: string[], expected: string]>([
  [undefined, ['X-Branch', 'Cookie'], 'X-Branch, Cookie'],
  [null, ['Cookie'], 'Cookie'],
  ['Accept', ['Cookie'], 'Accept, Cookie'],
  ['accept,  cookie', ['Cookie', 'X-Branch'], 'accept, cookie, X-Branch'],
  [['Accept', 'Origin'], ['Cookie'], 'Accept, Origin, Cookie'],
  ['*', ['Cookie'], '*'],
  ['Accept, *', ['Cookie'], '*'],
])('Vary %j and %j are %s', (given, fields, expected) => {
  expect(mergeVary(given, fields)).toBe(expected)
})
