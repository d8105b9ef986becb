import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { redact } from '../../../src/datasource/redaction.ts'

describe('redact', () => {
  const url = 'libsql://u:p%40ss-word@db?authToken=t0ken'

  it('takes the secrets of the URL out of an error that would show them', () => {
    expect(inspect(redact(new Error(`cannot parse ${url}`), url))).not.toMatch(/p%40ss-word|p@ss-word|t0ken/)
    expect(inspect(redact(Object.assign(new Error('refused'), { password: 'p@ss-word' }), url))).not.toContain('p@ss')
  })

  it('leaves another error as it is', () => {
    const error = new Error('refused')
    expect(redact(error, url)).toBe(error)
  })
})
