/** A URL as its text is written: nothing is decoded, folded or filled in. */
export interface UrlParts {
  /** In lower case, without the colon. */
  readonly scheme: string
  /** Up to the last `@` of the authority; undefined if there is none. */
  readonly userinfo?: string
  /** What is left of the authority: a host and a port, or several. */
  readonly hosts: string
  /** With the slash that it begins with. */
  readonly path: string
  /** Without the question mark. */
  readonly query?: string
  /** Without the `#`. */
  readonly fragment?: string
}

const PARTS =
  /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/((?<userinfo>[^/?#]*)@)?(?<hosts>[^/?#]*)(?<path>[^?#]*)(\?(?<query>[^#]*))?(#(?<fragment>.*))?$/is

/** @returns undefined if the text has no `scheme://` */
export function urlParts(text: string): UrlParts | undefined {
  const parts = PARTS.exec(text)?.groups as (UrlParts & Record<string, string>) | undefined
  return parts && { ...parts, scheme: parts.scheme.toLowerCase() }
}

/** Why a URL is refused. Whoever asked says whose URL it is; the URL itself is never part of the reason. */
export class UnreadableUrl extends Error {
  static {
    UnreadableUrl.prototype.name = 'UnreadableUrl'
  }
}

/**
 * The parts of a server's URL that every reader reads alike. A user name or password with special characters that were not
 * encoded moves the boundaries of the parts: readers differ on where, some drop what follows, and a label made of a
 * part would show a piece of the password.
 *
 * @throws {UnreadableUrl}
 */
export function unambiguousParts(text: string): UrlParts {
  const parts = urlParts(text)
  if (parts === undefined) throw new UnreadableUrl('it must begin with a scheme and //')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a URL parser drops some of them in silence.
  if (/[\0-\x1f\x7f]/.test(text)) throw new UnreadableUrl('it has a control character in it')
  if (parts.fragment !== undefined) {
    throw new UnreadableUrl('a # begins a fragment, which drivers drop: as part of a name or password it is %23')
  }
  if (parts.path.includes('@') || parts.query?.includes('@')) {
    throw new UnreadableUrl('there is an @ after the host: in a password, / is %2F and ? is %3F; elsewhere, @ is %40')
  }
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(parts.path)) throw new UnreadableUrl('its path has a . or .. in it')
  return parts
}

/**
 * Names of hosts are the same in either case. Paths of sockets are not, and what is neither is left alone.
 */
export function foldHost(host: string): string {
  return /^[a-z0-9._-]+$/i.test(host) ? host.toLowerCase() : host
}

/** For labels: a host's name or address and its port, or nothing if it might be something else. */
export function shownHost(host: string, port = ''): string {
  const name = host.includes(':') ? `[${host}]` : encodeURIComponent(host)
  return port === '' ? name : `${name}:${encodeURIComponent(port)}`
}
