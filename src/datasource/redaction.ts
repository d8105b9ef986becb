import { inspect } from 'node:util'

/** `error`, or, if it would show a secret of `url` when printed, one with the same message less that. */
export function redact(error: unknown, url: string): unknown {
  const secrets = secretsOf(url).filter((secret) => secret !== '' && inspect(error).includes(secret))
  if (secrets.length === 0) return error
  const message = error instanceof Error ? error.message : String(error)
  return new Error(secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message))
}

function secretsOf(url: string): string[] {
  if (!URL.canParse(url)) return []
  const { password, searchParams } = new URL(url)
  const tokens = [...searchParams].filter(([name]) => /password|token|secret|key/i.test(name)).map(([, value]) => value)
  return [password, decodeURIComponent(password), ...tokens]
}
