import { describe, expect, it } from 'vitest'
import { unknownBranch } from '../../../src/http/problem.ts'

const headers = { setCookie: undefined, vary: ['Cookie'] }

describe('the answer to a request for a branch that is not there', () => {
  it('is a problem of RFC 9457, in JSON', () => {
    const { body, ...head } = unknownBranch({ branch: 'gone', source: 'header "X-Branch"' }, 'BRANCH_UNKNOWN', headers)
    expect(head).toEqual({ ...headers, status: 400, contentType: 'application/problem+json' })
    expect(JSON.parse(body)).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'There is no branch "gone", as named by header "X-Branch"',
      code: 'BRANCH_UNKNOWN',
    })
  })

  it('says nothing of where the name was found if that is not known', () => {
    const { body } = unknownBranch({ branch: 'gone' }, 'BRANCH_INVALID_NAME', headers)
    expect(JSON.parse(body)).toMatchObject({ detail: 'There is no branch "gone"', code: 'BRANCH_INVALID_NAME' })
  })

  it('cuts a long name, and quotes a hostile one', () => {
    const detail = (branch: string) => JSON.parse(unknownBranch({ branch }, 'BRANCH_INVALID_NAME', headers).body).detail
    expect(detail('x'.repeat(16_000))).toBe(`There is no branch "${'x'.repeat(80)}…"`)
    expect(detail('x'.repeat(80))).toBe(`There is no branch "${'x'.repeat(80)}"`)
    expect(detail('a"\r\n\u0000b')).toBe('There is no branch "a\\"\\r\\n\\u0000b"')
  })
})
