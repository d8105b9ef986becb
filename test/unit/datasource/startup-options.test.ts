import { describe, expect, it } from 'vitest'
import { readStartupOptions } from '../../../src/datasource/startup-options.ts'

describe('readStartupOptions', () => {
  it.each([
    ['', undefined, ''],
    ['-c statement_timeout=5000', undefined, '-c statement_timeout=5000'],
    ['-c search_path=a', 'a', ''],
    ['-csearch_path=a', 'a', ''],
    ['--search_path=a', 'a', ''],
    ['--search-path=a', 'a', ''],
    ['--SEARCH_PATH=a', 'a', ''],
    ['-c search_path=a -c work_mem=1MB --search_path=b', 'b', '-c work_mem=1MB'],
    ['-c search_path=a,\\ b -e', 'a, b', '-e'],
    ['-c search_path="a\\\\b"', '"a\\b"', ''],
    ['-c  application_name=search_path=a', undefined, '-c application_name=search_path=a'],
    ['-c application_name=\\ -c\\ search_path=a', undefined, '-c application_name=\\ -c\\ search_path=a'],
    ['-S 64 -c search_path=a', 'a', '-S 64'],
  ])('finds in %j the search_path %j, and leaves %j', (options, searchPath, others) => {
    expect(readStartupOptions(options)).toEqual(searchPath === undefined ? { others } : { others, searchPath })
  })

  it.each(['search_path=a', '-ec search_path=a', '-', 'x -c search_path=a'])('does not understand %j', (options) => {
    expect(readStartupOptions(options)).toBeUndefined()
  })
})
