import { exitCodeOf, STOP_SIGNALS } from './stop-signals.ts'

/** Why the play was stopped before its end. */
export class Interrupted extends Error {
  readonly exitCode: number

  constructor(signal: NodeJS.Signals) {
    super(`Interrupted by ${signal}`)
    this.exitCode = exitCodeOf(signal)
  }
}

/**
 * Aborts when the play has to stop: on a signal, when the process that watches over it is gone, when nobody reads its
 * output any more, and on an error that nobody caught. The first reason is kept.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  const interrupt = (signal: NodeJS.Signals) => controller.abort(new Interrupted(signal))
  for (const signal of STOP_SIGNALS) process.on(signal, interrupt)
  process.on('disconnect', () => interrupt('SIGTERM'))
  if (process.connected === false) interrupt('SIGTERM')
  process.stdout.on('error', () => interrupt('SIGPIPE'))
  process.on('uncaughtException', (error) => controller.abort(error))
  return controller.signal
}
