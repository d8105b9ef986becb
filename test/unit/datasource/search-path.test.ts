import { describe, expect, it } from 'vitest'
import { formatSearchPath, parseSearchPath } from '../../../src/datasource/search-path.ts'

describe('parseSearchPath', () => {
  it.each([
    ['"$user", public', ['$user', 'public']],
    ['Branch_A,extensions', ['branch_a', 'extensions']],
    ['"Branch A" , "a""b"', ['Branch A', 'a"b']],
    ['', []],
    ['a-b', ['a-b']],
    ['"a,b"', ['a,b']],
  ])('reads %s', (text, names) => {
    expect(parseSearchPath(text)).toEqual(names)
  })

  it.each(['a,', ',a', 'a b', '"a', '"a" b'])('does not take %s', (text) => {
    expect(parseSearchPath(text)).toBeUndefined()
  })

  it('reads what formatSearchPath writes', () => {
    const names = ['a', 'B c', "d'e", 'f,g', '\\']
    expect(parseSearchPath(formatSearchPath(names))).toEqual(names)
  })
})
