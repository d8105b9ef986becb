import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../../../src/driver/driver-adapter.ts'
import { keyOf, labelOf, text } from './kit/urls.ts'

const before = process.cwd()
let root: string

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'prisma-branches-urls-')))
  for (const directory of ['c#', 'a', 'a b', 'a%20b', 'd/e', 'c?'])
    mkdirSync(join(root, directory), { recursive: true })
  symlinkSync('d/e', join(root, 'link'))
  process.chdir(root)
})

afterAll(() => {
  process.chdir(before)
  rmSync(root, { recursive: true })
})

/** The file that libsql opens; empty if it has none, undefined if libsql does not take the URL. */
async function openedByLibsql(url: string): Promise<unknown> {
  try {
    const adapter = await new PrismaLibSql({ url }).connect()
    const { rows } = await adapter.queryRaw(sql('PRAGMA database_list'))
    await adapter.dispose()
    return rows[0]?.[2]
  } catch {
    return undefined
  }
}

/** better-sqlite3 takes what follows `file:` as a path of the operating system, less white space at its ends. */
function openedByPath(url: string): string | undefined {
  const path = url.replace(/^file:/, '').trim()
  try {
    closeSync(openSync(path, 'a'))
    return realpathSync.native(path)
  } catch {
    return undefined
  }
}

const PIECES = ['a', 'b', 'A', '/', '/', '.', '..', ' ', '%20', '%2e', '#', '?', 'link', 'd', 'e', ':', 'c#', 'é', '//']
const URLS = fc
  .tuple(
    fc.constantFrom('file:', 'file:./', 'file:', 'file:', 'file:///', 'file://localhost/', 'file://', 'FILE:'),
    fc.boolean(),
    text(PIECES, 5),
    fc.constantFrom('.db', '.db', '.db', '.db ', '.db?tls=0', '.db#x', '.db/'),
  )
  .map(([start, absolute, path, end]) => {
    const base = absolute ? root : ''
    return start + (start.endsWith('/') ? base.slice(1) : base) + (absolute ? '/' : '') + path + end
  })

describe('a URL of a SQLite file', () => {
  it('has the key of another only if every driver opens the same file with both', async () => {
    let same = 0
    await fc.assert(
      fc.asyncProperty(URLS, URLS, async (one, other) => {
        const key = keyOf(one)
        if (one === other || key === undefined || key !== keyOf(other)) return
        same++
        expect(await openedByLibsql(one)).toBe(await openedByLibsql(other))
        expect(openedByPath(one)).toBe(openedByPath(other))
      }),
      { numRuns: 10_000 },
    )
    expect(same).toBeGreaterThan(0)
  })

  it('has the key of every other spelling of its path', async () => {
    const names = fc.stringMatching(/^[a-z]{1,3}\.db$/)
    await fc.assert(
      fc.asyncProperty(names, fc.constantFrom('a', 'd/e', 'a b', '.'), async (name, directory) => {
        const spellings = [
          `file:${directory}/${name}`,
          `file:./${directory}//${name}`,
          `file:a/../${directory}/./${name}`,
          `file:${root}/${directory}/${name}`,
          `file://${root}/${directory}/${name}`,
        ]
        const [first = ''] = spellings
        const opened = await openedByLibsql(first)
        expect(opened).toBe(join(root, directory, name))
        for (const spelling of spellings) {
          expect(await openedByLibsql(spelling)).toBe(opened)
          expect(openedByPath(spelling)).toBe(opened)
          expect(keyOf(spelling)).toBe(keyOf(first))
        }
      }),
      { numRuns: 50 },
    )
  })

  it('has one key before the file exists and after', () => {
    const key = keyOf('file:./later.db')
    closeSync(openSync('later.db', 'a'))
    expect(keyOf('file:later.db')).toBe(key)
  })

  it('goes up from where a symbolic link leads, as the operating system does', async () => {
    expect(await openedByLibsql('file:link/../x.db')).toBe(join(root, 'd/x.db'))
    expect(keyOf('file:link/../x.db')).toBe(keyOf('file:d/x.db'))
    expect(keyOf('file:link/../x.db')).not.toBe(keyOf('file:x.db'))
    expect(keyOf('file:link/x.db')).toBe(keyOf('file:d/e/x.db'))
  })

  it('is read in the working directory of the moment', () => {
    const one = [keyOf('file:./x.db'), keyOf('file:./x%20.db')]
    process.chdir('c#')
    const other = [keyOf('file:./x.db'), keyOf('file:./x%20.db')]
    process.chdir(root)
    expect(one[0]).not.toBe(other[0])
    expect(one[1]).not.toBe(other[1])
    expect(other[0]).not.toBe(keyOf(`file:${root}/c`))
  })

  it.each([
    ['file:///data/c#/a.db', 'file:///data/c#/b.db'],
    ['file:///data/branch#a.db', 'file:///data/branch#b.db'],
    ['file:./c?/a.db', 'file:./c?/b.db'],
    ['file:./a%20b.db', 'file:./a b.db'],
    ['file:./a.db', 'file:./A.db'],
    ['file:./a.db', 'FILE:./a.db'],
    ['file:./a.db', 'file:./a.db '],
    ['file:./a.db', 'file:./a.db?tls=0'],
    ['file:./a.db', 'file://localhost/a.db'],
    ['file:x.db', 'file:file:x.db'],
    [':memory:', 'file::memory:'],
    [':memory:', 'file:./:memory:'],
    ['file::memory:', 'file::memory:?cache=shared'],
  ])('is kept apart from one that a driver may read otherwise: %s, %s', (one, other) => {
    expect(keyOf(one)).toBeDefined()
    expect(keyOf(other)).toBeDefined()
    expect(keyOf(one)).not.toBe(keyOf(other))
  })

  it('is the same before its folder is made and afterwards, through a link too', () => {
    const url = `file:${root}/link/new/er/x.db`
    const before = keyOf(url)
    mkdirSync(join(root, 'd/e/new/er'), { recursive: true })
    expect(keyOf(url)).toBe(before)
    expect(keyOf(`file:${root}/d/e/new/er/x.db`)).toBe(before)
  })

  it('of a database in memory is the same wherever the process works', () => {
    const keys = [keyOf(':memory:'), keyOf('file::memory:')]
    process.chdir('a')
    expect([keyOf(':memory:'), keyOf('file::memory:')]).toEqual(keys)
    process.chdir(root)
  })

  it('is refused with a zero byte in it', () => {
    expect(() => labelOf('file:a\0b.db')).toThrow(expect.objectContaining({ code: 'BRANCH_INVALID_URL' }))
  })

  it('has its path for a label, and nothing that may be secret', () => {
    expect(labelOf('file:./dev.db?authToken=hunter2')).toBe('file:./dev.db')
    expect(labelOf('file://u:hunter2@h/dev.db')).toBe('file://h/dev.db')
    expect(labelOf('file:/data/c#/a.db')).toBe('file:/data/c#/a.db')
    expect(labelOf(':memory:')).toBe(':memory:')
  })
})
