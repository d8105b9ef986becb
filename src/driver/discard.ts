import type { SqlDriverAdapter } from './driver-adapter.ts'

/** Tells a driver to close what nobody will use, and waits for nothing: what becomes of that is nobody's answer (rule L5). */
export function discard(adapter: SqlDriverAdapter): void {
  const dispose = async () => adapter.dispose()
  dispose().catch(() => {})
}
