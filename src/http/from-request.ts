import { describe } from '../settings/describe.ts'
import { InvalidOptionError } from '../settings/errors.ts'
import type { BranchChoice } from './branch-choice.ts'
import { type BranchCookie, clearCookie, readCookie } from './cookies.ts'
import { type RequestHeaders, readHeader, withGet } from './request-headers.ts'

/** What every framework's request has: Node's, Express's, Fastify's, a Koa context, and Fetch's `Request`. */
export interface RequestLike {
  readonly url?: string | undefined
  /** Before a router took its own part of the path away. */
  readonly originalUrl?: string | undefined
  readonly headers: RequestHeaders
}

/** Where a request may name its branch. The first that does is taken, in this order. */
export interface RequestSources {
  /** Name of a header, such as `X-Branch`. */
  header?: string | undefined
  /** Name of a query parameter, such as `_branch`. Empty in a URL, it means the main client: `?_branch=`. */
  query?: string | undefined
  /** Name of a cookie. If its branch is gone, the request goes on without it, and the cookie is cleared. */
  cookie?: string | BranchCookie | undefined
  /** The domain whose subdomains are branches: with `example.com`, `feature-x.example.com` is `feature-x`. */
  subdomain?: string | undefined
}

/**
 * Finds the branch that a request names: in a header, else a query parameter, else a cookie, else the subdomain; the main
 * client if in none. The order, and what an empty query parameter and a stale cookie mean, are netbox-branching's.
 *
 * A request that names a branch which is not there is refused, unless it was by cookie.
 *
 * @example fromRequest({ header: 'X-Branch', query: '_branch', cookie: 'branch' })
 * @throws {InvalidOptionError} if no source is given, or one is not what it should be
 */
export function fromRequest(sources: RequestSources): (request: RequestLike) => BranchChoice | undefined {
  checkSources(sources)
  const { header, query, subdomain } = sources
  const cookie = typeof sources.cookie === 'string' ? { name: sources.cookie } : sources.cookie
  const choose = (request: RequestLike): BranchChoice | undefined => {
    const inHeader = header && readHeader(request.headers, header)
    if (inHeader !== undefined) return { branch: inHeader, source: `header ${JSON.stringify(header)}` }

    const inQuery = query && readQuery(request, query)
    if (inQuery === '') return { branch: undefined }
    if (inQuery !== undefined) return { branch: inQuery, source: `query parameter ${JSON.stringify(query)}` }

    const inHost = subdomain && readSubdomain(request, subdomain)
    const otherwise = inHost ? { branch: inHost, source: 'subdomain' } : undefined
    const inCookie = cookie && readCookie(readHeader(request.headers, 'cookie'), cookie.name)
    if (!inCookie) return otherwise
    const source = `cookie ${JSON.stringify(cookie.name)}`
    return { branch: inCookie, source, stale: { setCookie: clearCookie(cookie), otherwise } }
  }
  // Whether or not it named the branch of this request: caches keep one Vary for all answers to a URL, which has the query.
  const vary = [...(header ? [header] : []), ...(cookie ? ['Cookie'] : [])]
  if (vary.length === 0) return choose
  return (request) => ({ branch: undefined, ...choose(request), vary })
}

function readQuery({ originalUrl, url }: RequestLike, name: string): string | undefined {
  const address = originalUrl ?? url ?? ''
  const start = address.indexOf('?')
  if (start === -1) return undefined
  return new URLSearchParams(address.slice(start + 1)).get(name) ?? undefined
}

function readSubdomain(request: RequestLike, domain: string): string | undefined {
  // Without the port, and the dot that a fully qualified name may end with.
  const name = readHost(request)
    .replace(/\.?(:\d+)?$/, '')
    .toLowerCase()
  const suffix = `.${domain.toLowerCase()}`
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined
}

function readHost(request: RequestLike): string {
  const host = readHeader(request.headers, 'host')
  // Fetch has the host in the URL; HTTP/2 has it in a pseudo-header, of which Fetch's Headers would throw.
  if (withGet(request.headers)) return host ?? new URL(request.url ?? '', 'http://localhost').host
  return readHeader(request.headers, ':authority') ?? host ?? ''
}

function checkSources(sources: RequestSources): void {
  const given = Object.entries(sources ?? {}).filter(([, value]) => value !== undefined)
  if (given.length === 0) {
    throw new InvalidOptionError(
      `fromRequest expects at least one of header, query, cookie and subdomain, got ${describe(sources)} with none of them`,
    )
  }
  for (const [name, value] of given) {
    if (!['header', 'query', 'cookie', 'subdomain'].includes(name)) {
      throw new InvalidOptionError(`fromRequest knows header, query, cookie and subdomain, got ${JSON.stringify(name)}`)
    }
    const text = name === 'cookie' && typeof value === 'object' ? value?.name : value
    if (typeof text === 'string' && text !== '') continue
    throw new InvalidOptionError(`fromRequest expects ${name} to be a name, got ${describe(text)}`)
  }
}
