import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { redact } from '../../../src/datasource/redaction.ts'

describe('redact', () => {
  const url = 'libsql://u:p%40ss-word@db?authToken=t0ken'

  it('takes the secrets of the URL out of an error that would show them', () => {
    expect(inspect(redact(new Error(`cannot parse ${url}`), url))).not.toMatch(/p%40ss-word|p@ss-word|t0ken/)
    expect(inspect(redact(Object.assign(new Error('refused'), { password: 'p@ss-word' }), url))).not.toContain('p@ss')
  })

  it.each([
    ['postgresql://u:50%off-s3cret@h/db', '50%off-s3cret'],
    ['postgresql://u:s3cret@/db?host=/run/pg', 's3cret'],
    ['sqlserver://h:1433;user=sa;password=s3cret;encrypt=true', 's3cret'],
  ])('finds the password of %s', (url, secret) => {
    expect(inspect(redact(new Error(`cannot parse ${url}`), url))).not.toContain(secret)
    const error = new Error('the real reason')
    expect(redact(error, url)).toBe(error)
  })

  it('leaves another error as it is', () => {
    const error = new Error('refused')
    expect(redact(error, url)).toBe(error)
  })
})
