import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { qualifiesWith } from '../../../src/adapter/qualified-schema.ts'

describe('qualifiesWith', () => {
  it.each([
    'SELECT "public"."Item"."id" FROM "public"."Item"',
    'INSERT INTO "public"."Item" ("name") VALUES ($1)',
    'SELECT CAST($1::text AS "public"."Level")',
    `SELECT 'it''s', "public" . "Item"`,
    `SELECT E'\\\\', "public"."Item"`,
    'SELECT 1 -- it\'s\n, "public"."Item"',
    'SELECT /* a /* b */ \' */ "public"."Item"',
    'SELECT $$ \' $$, "public"."Item"',
    'SELECT $a$ $$ $a$, "public"/* x */."Item"',
    'SELECT $1$2, "public"."Item"',
    'SELECT a$b$c, "public"."Item" -- $b$',
    'SELECT "a""b", "public"."Item"',
    'SELECT name\'x\' , "public"."Item"',
  ])('finds the schema in %s', (sql) => {
    expect(qualifiesWith(sql, ['other', 'public'])).toBe('public')
  })

  it.each([
    'SELECT "branch_a"."Item"."id" FROM "branch_a"."Item"',
    'SELECT "branch_a"."public"."id" FROM "branch_a"."public"',
    'SELECT "public" FROM "branch_a"."Item"',
    `SELECT '"public"."Item"'`,
    `SELECT 'a''"public"."Item"'`,
    `SELECT E'\\'"public"."Item"'`,
    'SELECT $$"public"."Item"$$',
    'SELECT $a$ $$"public"."Item" $a$',
    'SELECT 1 -- "public"."Item"',
    'SELECT 1 /* /* */ "public"."Item" */',
    'SELECT """public"".""Item"""',
    'SELECT "Public"."Item"',
    `SELECT '"public"."Item"`,
    'SELECT 1',
  ])('finds none in %s', (sql) => {
    expect(qualifiesWith(sql, ['other', 'public'])).toBeUndefined()
  })

  it('finds a schema whose name has a double quote or a space in it', () => {
    expect(qualifiesWith('SELECT * FROM "Shared data"."parts"', ['Shared data'])).toBe('Shared data')
    expect(qualifiesWith('SELECT * FROM "a""b"."parts"', ['a"b'])).toBe('a"b')
  })

  it('comes to an end, whatever the text', () => {
    const pieces = ['"', "'", '$', '$a$', '$$', '/*', '*/', '--', '\n', 'E', '\\', '.', '"public"', ' ', 'é']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), (chosen) => {
        const found = qualifiesWith(chosen.join(''), ['public'])
        expect([undefined, 'public']).toContain(found)
      }),
      { numRuns: 5_000 },
    )
  })
})
