import type { DatasourceIdentity } from './datasource-identity.ts'
import { UnreadableUrl } from './url-parts.ts'

/** `//`, then what can only be a host and a port, then the end or a separator. */
const HOST = /^\/\/(?:[^/?#;@]*@)?(?<host>[a-z0-9._-]+(?::\d+)?)(?:[/?#;].*)?$/is

/**
 * Of a scheme whose driver is not known here: the string itself is the key. Who knows what its driver makes of the case of a
 * host, of a fragment, or of the order of parameters?
 */
export function identifyOther(text: string): DatasourceIdentity {
  if (!/^[a-z][a-z0-9+.-]+:\/./i.test(text) || text.includes('\0')) {
    throw new UnreadableUrl('it must begin with a scheme, such as postgresql://')
  }
  const scheme = text.slice(0, text.indexOf(':') + 1)
  const rest = text.slice(scheme.length)
  // An @ beyond the authority may be the end of a password that has a / or # in it. Then nothing is certain.
  const host = /^[^/?#;]*[/?#;].*@/s.test(rest.slice(2)) ? undefined : HOST.exec(rest)?.groups?.host
  return { key: text, label: host === undefined ? scheme : `${scheme}//${host}` }
}
