import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { schemaFinder } from '../../../src/adapter/qualified-schema.ts'

describe('schemaFinder', () => {
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
    expect(schemaFinder(['other', 'public'])(sql)).toBe('public')
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
    expect(schemaFinder(['other', 'public'])(sql)).toBeUndefined()
  })

  it('finds a schema whose name has a double quote or a space in it', () => {
    expect(schemaFinder(['Shared data'])('SELECT * FROM "Shared data"."parts"')).toBe('Shared data')
    expect(schemaFinder(['a"b'])('SELECT * FROM "a""b"."parts"')).toBe('a"b')
  })

  it('comes to an end, whatever the text', () => {
    const pieces = ['"', "'", '$', '$a$', '$$', '/*', '*/', '--', '\n', 'E', '\\', '.', '"public"', ' ', 'é']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), (chosen) => {
        const found = schemaFinder(['public'])(chosen.join(''))
        expect([undefined, 'public']).toContain(found)
      }),
      { numRuns: 5_000 },
    )
  })
})
