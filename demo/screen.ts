import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

const LIVE_INTERVAL = { terminal: 100, plain: 1_000 }
const PLAIN_WIDTH = 120
const ERASE_LINE = '\r\x1b[2K'

/** Standard output: on a terminal with colours and a live line, elsewhere in plain lines. */
export class Screen {
  readonly #terminal = process.stdout.isTTY === true
  readonly #colours = this.#terminal && !process.env.NO_COLOR

  #live = false

  /** Columns of the live line. */
  get width(): number {
    return this.#terminal ? (process.stdout.columns || PLAIN_WIDTH) - 1 : PLAIN_WIDTH
  }

  paint(format: Format, text: string): string {
    return this.#colours ? styleText(format, text) : text
  }

  heading(text: string): void {
    this.line()
    this.line(this.paint('bold', text))
  }

  line(text = ''): void {
    // The live line comes back below.
    process.stdout.write(`${this.#live && this.#terminal ? ERASE_LINE : ''}${text}\n`)
  }

  /** Shows what `render` makes for as long as `work` takes: in place on a terminal, elsewhere a line about every second. */
  async during<T>(render: () => string, work: () => Promise<T>): Promise<T> {
    const show = () => process.stdout.write(this.#terminal ? `${ERASE_LINE}${render()}` : `${render()}\n`)
    const timer = setInterval(show, this.#terminal ? LIVE_INTERVAL.terminal : LIVE_INTERVAL.plain)
    this.#live = true
    try {
      return await work()
    } finally {
      this.#live = false
      clearInterval(timer)
      show()
      if (this.#terminal) process.stdout.write('\n')
    }
  }
}
