import { UnreadableUrl } from './url-parts.ts'

/** Without its percent-encoding; as it is, where a percent sign encodes nothing. */
export function decodeWhereEncoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Without its percent-encoding. @throws {UnreadableUrl} where a percent sign encodes nothing */
export function decodeStrictly(text: string, decoder = decodeURIComponent): string {
  try {
    return decoder(text)
  } catch {
    throw new UnreadableUrl('it has a percent sign that does not encode anything: %25 is one')
  }
}
