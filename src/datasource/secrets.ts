import { decodeWhereEncoded } from './percent.ts'
import { urlParts } from './url-parts.ts'

/** What stands in the place of what is hidden. */
export const HIDDEN = '***'

/** A shorter one is likely to be part of an ordinary word, which is left as it is. */
const LONG = 8

/** The password of any URL in a text, whoever's it is: up to the last `@`, since it may hold one that was not encoded. */
const IN_URLS = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*:)\S+(?=@)/gi

/** A parameter of any URL or connection string. */
const IN_PARAMETERS =
  /([?&;\s](?:[a-z_]*(?:password|passwd|pwd|passphrase|token|secret|api_?key))\s*=\s*)(?!\*\*\*)[^&;\s"']+/gi

/** The name of a property whose value is a secret, whatever it is. */
export const SECRET_NAME = /(password|passwd|pwd|passphrase|token|secret|api_?key|private_?key)$/i

/** What must not be shown: of one datasource URL, and whatever looks like a password of any. */
export class Secrets {
  readonly #patterns: readonly RegExp[]

  /** @param url the URL whose secrets are known by themselves, if there is one */
  constructor(url?: string) {
    this.#patterns = [...(url === undefined ? [] : secretsOf(url))].filter((text) => text !== '').map(patternOf)
  }

  /** The text without them: the same string, if there are none in it. */
  hide(text: string): string {
    const known = this.#patterns.reduce((hidden, pattern) => hidden.replace(pattern, HIDDEN), text)
    return known.replace(IN_URLS, `$1${HIDDEN}`).replace(IN_PARAMETERS, `$1${HIDDEN}`)
  }
}

function patternOf(secret: string): RegExp {
  const text = secret.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  return new RegExp(secret.length >= LONG ? text : `(?<![\\p{L}\\p{N}])${text}(?![\\p{L}\\p{N}])`, 'gu')
}

/** As they are spelled, and as drivers decode or encode them; longer ones first, which may contain others. */
function secretsOf(url: string): string[] {
  const { userinfo = '' } = urlParts(url) ?? {}
  // Up to the last @, too: what was not encoded ends the user info early.
  const greedy = /^[a-z][a-z0-9+.-]*:\/\/[^:@/?#]*:(.*)@/is.exec(url)?.[1]
  const password = [userinfo.includes(':') ? userinfo.slice(userinfo.indexOf(':') + 1) : '', greedy ?? '']
  const named = [...url.matchAll(/[?&;]\s*([^=&;]+?)\s*=\s*([^&;]*)/g)].filter(([, name = '']) =>
    SECRET_NAME.test(name),
  )
  const spelled = [...password, ...named.map(([, , value = '']) => value)]
  const parsed = URL.canParse(url) ? [new URL(url).password] : []
  const all = new Set([...spelled, ...parsed, ...spelled.map(decodeWhereEncoded)])
  return [...all].sort((a, b) => b.length - a.length)
}
