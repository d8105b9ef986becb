import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { PATIENCE } from '../kit/patience.ts'
import type { ApplicationReport, ApplicationSettings } from './child/application.ts'

/** An application under load in a process of its own. It is gone when the test is over. */
export class ApplicationProcess {
  readonly #child: ChildProcess
  readonly #exit: Promise<[code: number | null, signal: NodeJS.Signals | null]>

  private constructor(settings: ApplicationSettings) {
    const script = new URL('child/application.ts', import.meta.url)
    this.#child = fork(script, [JSON.stringify(settings)], { execArgv: ['--import', 'tsx'] })
    this.#exit = once(this.#child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  /** Resolves when it has worked for a while. */
  static async start(settings: ApplicationSettings): Promise<ApplicationProcess> {
    const application = new ApplicationProcess(settings)
    await Promise.race([once(application.#child, 'message'), application.#exit])
    return application
  }

  /** Resolves when something is in flight on every branch. */
  async keepBusy(): Promise<void> {
    this.#child.send('busy')
    await once(this.#child, 'message')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  finish(): void {
    this.#child.send('finish')
  }

  /** What it says, when it has ended by itself with exit code 0. Times are of this process's `performance.now()`. */
  async report(): Promise<ApplicationReport> {
    const messages: ApplicationReport[] = []
    this.#child.on('message', (message) => messages.push(message as ApplicationReport))
    const end = await Promise.race([this.#exit, delay(PATIENCE, undefined, { ref: false })])
    const [report] = messages
    if (end === undefined) throw new Error(`The application did not end within ${PATIENCE} ms`)
    if (end[0] !== 0 || report === undefined) throw new Error(`The application ended with ${end[0] ?? end[1]}`)
    for (const operation of report.operations) {
      operation.startedAt -= performance.timeOrigin
      if (operation.endedAt !== undefined) operation.endedAt -= performance.timeOrigin
    }
    return report
  }
}
