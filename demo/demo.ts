import { type ChildProcess, fork } from 'node:child_process'
import { createScratch, sweep } from './scratch.ts'
import { exitCodeOf, STOP_SIGNALS } from './stop-signals.ts'

// Runs the play in a process of its own, and cleans up after it whatever becomes of it. The play keeps its event loop so
// busy that it may be late to hear of a Ctrl-C; whoever started the demo might lose patience and kill it. This process
// is always there to answer.

/** How long the play may take to stop by itself. */
const PATIENCE = 8_000

/** A signal may come twice, from the terminal and from npm or tsx; a person who means it twice is slower. */
const SECOND_THOUGHT = 1_000

let play: ChildProcess | undefined
let interrupted: { by: NodeJS.Signals; at: number } | undefined

function interrupt(signal: NodeJS.Signals): void {
  if (interrupted === undefined) {
    interrupted = { by: signal, at: performance.now() }
    play?.kill(signal)
    setTimeout(() => play?.kill('SIGKILL'), PATIENCE).unref()
  } else if (performance.now() - interrupted.at > SECOND_THOUGHT) {
    play?.kill('SIGKILL')
  }
}

for (const signal of STOP_SIGNALS) process.on(signal, interrupt)
const scratch = createScratch()
const exitCode = await new Promise<number>((resolve) => {
  play = fork(new URL('play.ts', import.meta.url), [scratch], {
    // Otherwise Prisma takes a stack trace at every call. All temporary files go where they will be removed.
    env: { ...process.env, NODE_ENV: 'production', TMPDIR: scratch },
  })
  play.once('exit', (code, signal) => resolve(code ?? exitCodeOf(signal ?? 'SIGKILL')))
})
await sweep(scratch)
process.exit(interrupted === undefined ? exitCode : exitCodeOf(interrupted.by))
