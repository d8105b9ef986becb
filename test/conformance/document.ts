import type { Counterpart } from './counterpart.ts'
import { DJANGO_AGE } from './django-age.ts'
import { DJANGO_HEALTH } from './django-health.ts'
import { KERNELCI } from './kernelci.ts'
import { NETBOX } from './netbox.ts'
import { RULES, rulesIn } from './rules.ts'
import type { TestTitle } from './test-titles.ts'

export const DOCUMENT = 'docs/conformance.md'

export const COUNTERPARTS = [...DJANGO_AGE, ...DJANGO_HEALTH, ...NETBOX, ...KERNELCI]

/** The document, made from the titles of all tests. */
export function conformance(titles: readonly TestTitle[]): string {
  return [
    '# Conformance',
    'Made by `npm run docs:conformance` from the titles of the tests. Do not edit it: a test compares the two.',
    '## The rules, and the tests that name them',
    'A file of `test/matrix/rules` runs on every database of the matrix. … stands for what a test takes from a table.',
    table(
      ['rule', 'what it says', 'tests'],
      Object.entries(RULES).map(([id, text]) => [id, text, testsOf(id, titles)]),
    ),
    '## What other projects do, and what we do',
    'Django’s code was read at 5.2.17; its tests and its documentation at 4.2.28, and those of the health checks at a ' +
      'later development version as well.',
    '### Django: the life of a connection',
    counterparts(DJANGO_AGE),
    '### Django: health checks and errors',
    counterparts(DJANGO_HEALTH),
    '### netbox-branching',
    'Read at commit babc86a. The fix of [issue 358](https://github.com/netboxlabs/netbox-branching/issues/358) is 93b0195.',
    counterparts(NETBOX),
    '### KernelCI dashboard',
    '[Pull request 1861](https://github.com/kernelci/dashboard/pull/1861), merged as 9053990.',
    counterparts(KERNELCI),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n')
}

function testsOf(rule: string, titles: readonly TestTitle[]): string {
  return list(titles.filter(({ title }) => rulesIn(title).includes(rule)))
}

function counterparts(rows: readonly Counterpart[]): string {
  return table(
    ['there', 'source', 'here', 'what differs on purpose'],
    rows.map(({ behaviour, sources, ours, differs }) => [
      behaviour,
      sources.map(sourceCell).join('<br>'),
      list(ours),
      differs ?? '',
    ]),
  )
}

/** A file, and what is meant in it. */
function sourceCell(source: string): string {
  const [file = ''] = /^[^\s,]+/.exec(source) ?? []
  return `\`${file}\`${escapeCell(source.slice(file.length))}`
}

/** Tests by their files. */
function list(tests: readonly TestTitle[]): string {
  const files = [...new Set(tests.map(({ file }) => file))]
  return files
    .map((file) => {
      const titles = tests.filter((test) => test.file === file).map(({ title }) => `· ${escapeCell(title)}`)
      return [`[${file.slice('test/'.length)}](../${file})`, ...titles].join('<br>')
    })
    .join('<br>')
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function escapeCell(text: string): string {
  return text.replaceAll(/[|\\*_<>`[\]]/g, '\\$&')
}
