import { expect, it } from 'vitest'
import { isolationPiece } from '../../kit/isolation-work.ts'

it.each([4, 6])(
  'work that is counted through brings each kind to each of %i branches, beside each other one',
  (size) => {
    const names = Array.from({ length: size }, (_, i) => `${i}`)
    const seen = new Set<string>()
    for (let number = 0; number < 11 * size * (size - 1); number++) {
      const { kind, home, other } = isolationPiece(number, KINDS, names)
      expect(other).not.toBe(home)
      seen.add(`${kind.name} ${home} ${other}`)
    }
    expect(seen.size).toBe(11 * size * (size - 1))
  },
)

const KINDS = Array.from({ length: 11 }, (_, i) => ({ name: `kind ${i}`, run: async () => {} }))
