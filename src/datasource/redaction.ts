import { inspect } from 'node:util'
import { urlParts } from './url-parts.ts'

/** `error`, or, if it would show a secret of `url` when printed, one with the same message less that. */
export function redact(error: unknown, url: string): unknown {
  const secrets = secretsOf(url).filter((secret) => secret !== '' && inspect(error).includes(secret))
  if (secrets.length === 0) return error
  const message = error instanceof Error ? error.message : String(error)
  return new Error(secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message))
}

/** As they are spelled, and as drivers decode or encode them. */
function secretsOf(url: string): string[] {
  const { userinfo = '' } = urlParts(url) ?? {}
  const password = userinfo.includes(':') ? [userinfo.slice(userinfo.indexOf(':') + 1)] : []
  const parameters = [...url.matchAll(/[?&;][^=&;]*(?:password|pwd|token|secret|key)[^=&;]*=([^&;]*)/gi)]
  const spelled = [...password, ...parameters.map(([, value = '']) => value)]
  const parsed = URL.canParse(url) ? [new URL(url).password] : []
  return [...new Set([...spelled, ...parsed, ...spelled.map(decode)])]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that encodes nothing stands for itself.
    return text
  }
}
