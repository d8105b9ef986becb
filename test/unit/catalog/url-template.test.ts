import { describe, expect, it } from 'vitest'
import { urlTemplate } from '../../../src/catalog/url-template.ts'

describe('urlTemplate', () => {
  const fill = urlTemplate('url', 'postgresql://u:p@db/app?schema=branch_{branch}')

  it.each(['main', 'feature-1', 'v1.2', '_x', 'größe'])('takes %s, encoded', (name) => {
    expect(new URL(fill(name)).searchParams.get('schema')).toBe(`branch_${name}`)
  })

  it.each(['.', '..', '../secret', 'a/b', 'a b', 'a&x=1', 'a"b', "a'b", 'a;b', 'a%2Fb', 'a\0b', '-a', 'x'.repeat(64)])(
    'refuses %j',
    (name) => {
      expect(() => fill(name)).toThrow(
        expect.objectContaining({ name: 'InvalidBranchNameError', code: 'BRANCH_INVALID_NAME' }),
      )
    },
  )

  it('fills in every {branch}', () => {
    expect(urlTemplate('url', 'file:./{branch}/{branch}.db')('x')).toBe('file:./x/x.db')
  })

  it('refuses a template without {branch}, or that gives no URL, without showing it', () => {
    for (const template of ['postgresql://u:hunter2@db/app', 'hunter2 {branch}']) {
      expect(() => urlTemplate('DATABASE_BRANCH_URL', template)).toThrow(
        'DATABASE_BRANCH_URL must be a URL with {branch}',
      )
      expect(() => urlTemplate('DATABASE_BRANCH_URL', template)).not.toThrow('hunter2')
    }
  })
})
