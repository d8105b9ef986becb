import { inspect, types } from 'node:util'
import { describe, expect, it } from 'vitest'
import { redact } from '../../../src/datasource/redaction.ts'

const deep = (value: unknown) => inspect(value, { depth: 20, showHidden: false })

class DriverError extends Error {
  readonly code: string
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DriverError'
    this.code = code
  }
  get retriable() {
    return this.code === 'ECONNREFUSED'
  }
}

describe('L8: redact', () => {
  it.each([
    ['libsql://u:p%40ss-word@db?authToken=t0ken-123', ['p%40ss-word', 'p@ss-word', 't0ken-123']],
    ['postgresql://u:50%off-s3cret@h/db', ['50%off-s3cret']],
    ['postgresql://u:s3cret@/db?host=/run/pg', ['s3cret']],
    ['sqlserver://h:1433;user=sa;password=s3cret-1;encrypt=true', ['s3cret-1']],
    ['mysql://h/x?pwd=PwdSecret&passphrase=Phrase', ['PwdSecret', 'Phrase']],
    ['postgresql://u:ab%2Fcd==@h/x', ['ab%2Fcd==', 'ab/cd==']],
    ['mysql://root:123/Secret@db/a', ['123/Secret']],
    ['mysql://root:#Secret@db/a', ['#Secret']],
  ])('takes the secrets of %s out of message, stack, causes and properties', (url, secrets) => {
    for (const secret of secrets) {
      const inner = Object.assign(new Error(`in ${secret}`), { config: { list: [{ url }, { password: secret }] } })
      const error = new DriverError(`cannot parse ${url} (${secret})`, 'E1', {
        cause: new Error('outer', { cause: inner }),
      })
      const redacted = redact(error, url) as DriverError
      expect(deep(redacted)).not.toContain(secret)
      expect(redacted.message).toMatch(/^cannot parse .*\*\*\*/)
      expect(deep(error)).toContain(secret)
    }
  })

  it('keeps the class, the code, the stack and what is no secret', () => {
    const cause = Object.assign(new TypeError('no'), { detail: { host: 'db', password: 'hunter2-hunter2' } })
    const error = new DriverError('connect to postgresql://u:hunter2-hunter2@db failed', 'ECONNREFUSED', { cause })
    const redacted = redact(error, 'postgresql://u:hunter2-hunter2@db') as DriverError
    expect(redacted).not.toBe(error)
    expect(redacted).toBeInstanceOf(DriverError)
    expect(types.isNativeError(redacted)).toBe(true)
    expect(redacted).toMatchObject({
      name: 'DriverError',
      code: 'ECONNREFUSED',
      retriable: true,
      message: 'connect to postgresql://u:***@db failed',
      cause: { message: 'no', detail: { host: 'db', password: '***' } },
    })
    expect(redacted.cause).toBeInstanceOf(TypeError)
    const frames = (stack = '') => stack.slice(stack.indexOf('\n    at '))
    expect(frames(redacted.stack)).toBe(frames(error.stack))
  })

  it.each(['100%', 'a', 'node', 'at', '%', '(', 'ECONNREFUSED', 'Error'])(
    'an error that does not show the password %j is given as it is, whatever its stack has in it',
    (password) => {
      const error = new DriverError('connect failed', 'ECONNREFUSED')
      expect(redact(error, `postgresql://u:${password}@h/x`)).toBe(error)
    },
  )

  it('hides a short password where it stands by itself, and leaves the words that contain it', () => {
    const error = redact(new Error('parameter a of node: password=node, "node"'), 'postgresql://u:node@h/x') as Error
    expect(error.message).toBe('parameter a of ***: password=***, "***"')
    expect((redact(new Error('nodes and anode'), 'postgresql://u:node@h/x') as Error).message).toBe('nodes and anode')
  })

  it('hides the password of any URL, also where nobody knows which', () => {
    let thrown: unknown
    try {
      new URL('postgresql://u:UrlSecret@h:port/x')
    } catch (error) {
      thrown = error
    }
    const redacted = redact(thrown) as Error & { code: string; input: string }
    expect(deep(redacted)).not.toContain('UrlSecret')
    expect(redacted).toMatchObject({ code: 'ERR_INVALID_URL', input: 'postgresql://u:***@h:port/x' })
    expect(deep(redact({ url: new URL('postgresql://u:UrlSecret@h/x') }))).not.toContain('UrlSecret')
  })

  it('finds its way through circles, maps, sets and class instances, and takes nothing from the original', () => {
    class Pool {
      readonly options = { config: { password: 'DeepSecret' } }
      readonly self = this
    }
    const pool = new Pool()
    const error = Object.assign(new Error('x'), { meta: new Map([['pool', new Set([pool])]]), pool })
    const redacted = redact(error, 'postgresql://u:DeepSecret@h/x') as typeof error
    expect(deep(redacted)).not.toContain('DeepSecret')
    expect(redacted.pool).toBeInstanceOf(Pool)
    expect(redacted.pool.self).toBe(redacted.pool)
    expect([...(redacted.meta.get('pool') ?? [])]).toEqual([redacted.pool])
    expect(pool.options.config.password).toBe('DeepSecret')
  })

  it('ends, however large an error is', () => {
    let chain: object = { password: 'DeepSecret' }
    for (let i = 0; i < 20_000; i++) chain = { chain }
    const redacted = redact(Object.assign(new Error('x'), { chain, code: 'E1' }), 'postgresql://u:DeepSecret@h/x')
    expect(inspect(redacted, { depth: 30_000 })).not.toContain('DeepSecret')
    expect(redacted).toMatchObject({ code: 'E1', message: 'x' })
  })

  it('leaves values that are no errors, and errors without secrets', () => {
    for (const value of [undefined, null, 42, 'refused', { code: 'E1' }]) expect(redact(value, 'file:x')).toBe(value)
    const error = new Error('refused', { cause: new Error('because') })
    expect(redact(error, 'postgresql://u:hunter2@h/x')).toBe(error)
  })
})
