import { describe, expect, it } from 'vitest'
import * as errors from '../../../src/settings/errors.ts'

const { BranchError, BranchRequiredError, MissingOnBranchError, PinnedSchemaError, UnknownBranchError } = errors

describe('the errors of the package', () => {
  it('have the names that they are exported under, on the class and on its errors', () => {
    for (const [name, errorClass] of Object.entries(errors)) {
      expect([errorClass.name, errorClass.prototype.name]).toEqual([name, name])
    }
  })

  it('are instances of their own class and of BranchError, and of no other', () => {
    const error = new UnknownBranchError('gone', 'no such')
    const unknown: unknown = error
    // Narrows the type, too.
    if (unknown instanceof UnknownBranchError) expect(unknown.branch).toBe('gone')
    const classes = Object.values(errors).filter((errorClass) => error instanceof errorClass)
    expect(classes).toEqual([BranchError, UnknownBranchError])
    expect(error.stack).toMatch(/^UnknownBranchError: Unknown branch "gone"/)
  })

  it('are told from what only looks like them', () => {
    const lookalike = Object.assign(new Error('x'), { code: 'BRANCH_UNKNOWN', name: 'UnknownBranchError', branch: 'a' })
    for (const other of [lookalike, new Error('x'), null, undefined, 'BRANCH_UNKNOWN', {}]) {
      expect(other instanceof UnknownBranchError).toBe(false)
      expect(other instanceof BranchError).toBe(false)
    }
  })

  it('can be extended by applications: only errors of such a class are instances of it', () => {
    class TenantGoneError extends UnknownBranchError {}
    const error = new TenantGoneError('acme', 'gone')
    expect([error.name, error.code, error.branch]).toEqual(['TenantGoneError', 'BRANCH_UNKNOWN', 'acme'])
    expect([TenantGoneError, UnknownBranchError, BranchError].every((one) => error instanceof one)).toBe(true)
    expect(new UnknownBranchError('acme', 'gone') instanceof TenantGoneError).toBe(false)
  })

  it('say what was done without a branch, and how to name one', () => {
    const error = new BranchRequiredError('user.findMany()')
    expect(error).toMatchObject({ code: 'BRANCH_REQUIRED', name: 'BranchRequiredError' })
    for (const part of ['user.findMany()', '$withBranch(', '$branch(name)', '$branch(undefined)']) {
      expect(error.message).toContain(part)
    }
  })

  it('say what a branch lacks, and which schemas are pinned', () => {
    const missing = new MissingOnBranchError('a', '$audit')
    expect(missing).toMatchObject({ code: 'BRANCH_MISSING', name: 'MissingOnBranchError' })
    expect(missing.message).toMatch(/"a" has no \$audit.*client option/)
    const pinned = new PinnedSchemaError('a', ['public', 'audit'])
    expect(pinned).toMatchObject({ code: 'BRANCH_PINNED_SCHEMA', name: 'PinnedSchemaError' })
    expect(pinned.message).toContain('"public" and "audit"')
  })
})
