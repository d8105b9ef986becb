/** A promise where none may be is refused, whatever comes of it. */
export function ignoreRejection(value: unknown): void {
  if (value instanceof Promise) value.catch(() => {})
}
