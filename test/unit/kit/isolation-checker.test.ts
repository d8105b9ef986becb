import { describe, expect, it } from 'vitest'
import { type Stored, violations } from '../../kit/isolation-checker.ts'
import { IsolationRecorder, type Visit } from '../../kit/isolation-record.ts'

const refuse = (message: string) => Promise.reject(new Error(message))

/** Databases that do what they are told, and more or less of it where a test says so. */
function bench() {
  const recorder = new IsolationRecorder()
  const stored = new Map(['main', 'a', 'b'].map((name) => [name, [`${name}@example.com`]]))
  const rows = (database: string) => stored.get(database) as string[]
  return {
    recorder,
    a: recorder.visit('a'),
    b: recorder.visit('b'),
    rows,
    /** Acknowledged, and done in a database. */
    create: (visit: Visit, database: string, ...marks: string[]) =>
      visit.write(marks, async () => void rows(database).push(...marks)),
    violations: (lost?: string[]) => violations(recorder.record, stored as Stored, lost),
    /** Their kinds. */
    kinds: (lost?: string[]) => violations(recorder.record, stored, lost).map((text) => text.split(':')[0]),
  }
}

describe('the isolation checker', () => {
  it('finds nothing where all is well: writes, batches, failures, replacements and removals', async () => {
    const { a, b, create, rows, violations } = bench()
    const [first, second, third] = [a.mark(), a.mark(), b.mark()]
    await create(a, 'a', first, second)
    await create(b, 'b', third)
    await a.read(async () => [{ email: first }, { posts: [{ title: second }] }], [first, second])
    await expect(a.write([a.mark()], () => refuse('lost its connection'))).rejects.toThrow('lost')
    const written = a.mark()
    await expect(create(a, 'a', written).then(() => a.write([a.mark()], () => refuse('cut')))).rejects.toThrow('cut')
    const renamed = a.mark()
    await a.write([renamed], async () => void rows('a').splice(rows('a').indexOf(first), 1, renamed), [first])
    await a.write([], async () => void rows('a').splice(rows('a').indexOf(second), 1), [second])
    expect(await a.undone([a.mark(), b.mark()], () => refuse('mixed'))).toEqual(new Error('mixed'))
    a.counted('rows of others', 0, 0)
    expect(violations()).toEqual([])
  })

  it.each([
    ['rows', { email: 'b@example.com' }],
    ['rows in rows', [{ id: 1, posts: [{ author: { name: 'b-1.1@recorded' } }] }]],
    ['results of a batch', [1, [{ title: 'main@example.com' }]]],
  ])('catches a read that crossed, in %s', async (_, result) => {
    const { a, kinds } = bench()
    await a.read(async () => result)
    expect(kinds()).toEqual(['crossed read'])
  })

  it('catches a read that crossed in what a write returned', async () => {
    const { a, b, kinds, rows } = bench()
    const mark = a.mark()
    await a.write([mark], async () => {
      rows('a').push(mark)
      return { email: b.mark() }
    })
    expect(kinds()).toEqual(['crossed read'])
  })

  it('catches a read of a database that lacks what its caller has written', async () => {
    const { a, create, kinds } = bench()
    const mark = a.mark()
    await create(a, 'a', mark)
    await a.read(async () => [], [mark])
    expect(kinds()).toEqual(['blind read'])
    expect(kinds(['a'])).toEqual([])
  })

  it('catches a count of rows that are not of this branch, or that lacks some that are', () => {
    const { a, kinds } = bench()
    a.counted('rows of others', 1, 0)
    a.counted('rows that it wrote', 0, 1)
    expect(kinds()).toEqual(['wrong count', 'wrong count'])
    expect(kinds(['a'])).toEqual(['wrong count'])
  })

  it('catches a write that was acknowledged and lost', async () => {
    const { a, kinds } = bench()
    await a.write([a.mark()], async () => {})
    expect(kinds()).toEqual(['lost write'])
    expect(kinds(['a'])).toEqual([])
  })

  it('catches a removal that was acknowledged and lost', async () => {
    const { a, create, kinds } = bench()
    const mark = a.mark()
    await create(a, 'a', mark)
    await a.write([], async () => {}, [mark])
    expect(kinds()).toEqual(['lost write'])
  })

  it('catches a write that was done twice, whatever its caller was told', async () => {
    const { a, create, kinds, rows } = bench()
    const [acknowledged, failed] = [a.mark(), a.mark()]
    await create(a, 'a', acknowledged, acknowledged)
    await a.write([failed], () => refuse('cut')).catch(() => {})
    rows('a').push(failed, failed)
    expect(kinds()).toEqual(['doubled write', 'doubled write'])
  })

  it('catches a write that was sent twice, and refused the second time', async () => {
    const { a, kinds, rows } = bench()
    const mark = a.mark()
    const refused = Object.assign(new Error('Unique constraint failed'), { code: 'P2002' })
    await a.write([mark], () => Promise.reject(refused)).catch(() => {})
    rows('a').push(mark)
    expect(kinds()).toEqual(['doubled write'])
  })

  it.each(['acknowledged', 'failed', 'unknown'])('catches a batch that is half done and %s', async (outcome) => {
    const { a, kinds, rows } = bench()
    const marks = [a.mark(), a.mark()]
    rows('a').push(marks[0] as string)
    const work = { acknowledged: async () => {}, failed: () => refuse('cut'), unknown: () => new Promise(() => {}) }
    const write = a.write(marks, work[outcome as keyof typeof work])
    if (outcome !== 'unknown') await write.catch(() => {})
    expect(kinds()).toEqual(['partial write'])
  })

  it('catches a replacement that has written and not removed', async () => {
    const { a, create, kinds, rows } = bench()
    const [before, after] = [a.mark(), a.mark()]
    await create(a, 'a', before)
    await a.write([after], () => refuse('cut'), [before]).catch(() => {})
    rows('a').push(after)
    expect(kinds()).toEqual(['partial write'])
  })

  it('catches a row in the database of another branch, whose caller was told that it failed', async () => {
    const { a, kinds, rows } = bench()
    const mark = a.mark()
    await a.write([mark], () => refuse('cut')).catch(() => {})
    rows('b').push(mark)
    expect(kinds()).toEqual(['row in the wrong database'])
    expect(kinds(['b'])).toEqual(['row in the wrong database'])
  })

  it('catches a write to main of what was meant for a branch, whoever kept the books of it', async () => {
    const { a, create, kinds, rows } = bench()
    await create(a, 'main', a.mark())
    rows('main').push('a-n12@create')
    expect(kinds()).toEqual(['write to main', 'write to main', 'lost write'])
  })

  it('catches a row in a branch that was meant for main', async () => {
    const { recorder, create, kinds } = bench()
    const main = recorder.visit('main')
    await create(main, 'a', main.mark())
    expect(kinds()).toEqual(['row in the wrong database', 'lost write'])
  })

  it('catches a recorded row that nobody wrote', () => {
    const { a, kinds, rows } = bench()
    rows('a').push(a.mark())
    expect(kinds()).toEqual(['unknown row'])
  })

  it('catches a write that had to fail: when it is done, in part as well, and when it is acknowledged', async () => {
    const { a, b, kinds, rows } = bench()
    const marks = [a.mark(), b.mark()]
    await a.undone(marks, () => refuse('mixed'))
    rows('b').push(marks[1] as string)
    expect(kinds()).toEqual(['write that had to fail'])
    await expect(a.undone([a.mark()], async () => {})).rejects.toThrow('acknowledged')
    expect(kinds()).toEqual(['write that had to fail', 'write that had to fail'])
  })
})
