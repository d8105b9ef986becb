import fc from 'fast-check'
import { identifyDatasource } from '../../../../src/datasource/identity.ts'
import { InvalidDatasourceUrlError } from '../../../../src/settings/errors.ts'

/** The key of a URL, or undefined if it is refused. */
export function keyOf(url: string): string | undefined {
  try {
    return identifyDatasource(url, 'x').key
  } catch (error) {
    if (error instanceof InvalidDatasourceUrlError) return undefined
    throw error
  }
}

export const labelOf = (url: string) => identifyDatasource(url, 'x').label

/** Texts made of pieces that mean something to one reader of URLs or another. */
export function text(pieces: readonly string[], maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...pieces), { maxLength }).map((chosen) => chosen.join(''))
}

/** What means something in the path or the query of a URL, to one reader or another. */
export const PIECES = [
  'a',
  'B',
  ':',
  '@',
  '/',
  '?',
  '#',
  '%',
  '%2F',
  '%61',
  '%3f',
  '&',
  '=',
  '+',
  ' ',
  '.',
  '..',
  'é',
  '[',
  '5',
]

/** What the URLs of one kind of server are made of. */
interface UrlParts {
  readonly schemes: readonly string[]
  readonly hosts: readonly string[]
  readonly port: number
  readonly parameters: readonly string[]
}

/** URLs of a server: plain ones, unusual ones, and ones that are none. */
export function urlsOf({ schemes, hosts, port, parameters }: UrlParts): fc.Arbitrary<string> {
  return fc
    .record({
      scheme: fc.constantFrom(...schemes),
      user: fc.oneof(
        fc.constant(''),
        text(['u', 'U', ':', '@', '%40', '%2f', '%', '50%o', '#', '/', ' '], 4).map((it) => `${it}@`),
      ),
      host: fc.constantFrom('db', 'DB.Example', '', '[::1]', '[0:0::1]', '%64b', '10.0.0.1', ...hosts),
      port: fc.constantFrom('', `:${port}`, `:0${port}`, `:${port + 1000}`, ':', ':x'),
      path: fc.oneof(
        fc.constantFrom('', '/', '/app', '/App'),
        text(PIECES, 3).map((it) => `/${it}`),
      ),
      query: fc.array(fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...parameters) }, text(PIECES, 3)), {
        maxLength: 3,
      }),
    })
    .map(({ scheme, user, host, port, path, query }) => {
      return `${scheme}://${user}${host}${port}${path}${query.length === 0 ? '' : `?${query.join('&')}`}`
    })
}

/** A URL, and the same with one small change: most differ in meaning, some do not. */
export function withChange(urls: fc.Arbitrary<string>, insertions: readonly string[]) {
  const change = fc.tuple(fc.nat(200), fc.nat(3), fc.constantFrom('', ...insertions))
  const changed = fc.tuple(urls, change).map(([url, [place, length, inserted]]) => {
    const at = place % (url.length + 1)
    return [url, url.slice(0, at) + inserted + url.slice(at + length)] as const
  })
  const foldedAt = fc.tuple(urls, fc.nat(200)).map(([url, place]) => {
    const [, start = '', host = '', rest = ''] = /^([^:]*:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s.exec(url) ?? []
    const at = place % (url.length + 1)
    // Of the host alone, which has no case, or of the rest as well.
    return [url, place % 2 === 0 ? start + swapCase(host) + rest : url.slice(0, at) + swapCase(url.slice(at))] as const
  })
  return fc.oneof(changed, foldedAt)
}

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  )
}

/** Each character as it is or percent-encoded. */
export function respelled(text: string, encoded: boolean): string {
  return encoded ? [...text].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('') : text
}

export const RUNS = { numRuns: 5_000 }
