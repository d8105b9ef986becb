/** As much of a job queue as the example needs. A real one keeps its jobs elsewhere: BullMQ's does in Redis. */
export class Queue<Job> {
  /** How many jobs have ended, and how. */
  readonly counts = { completed: 0, failed: 0 }
  readonly #work: (job: Job) => Promise<unknown>
  readonly #concurrency: number
  readonly #waiting: Job[] = []
  readonly #active = new Set<Promise<void>>()
  #closed = false

  constructor(work: (job: Job) => Promise<unknown>, { concurrency }: { concurrency: number }) {
    this.#work = work
    this.#concurrency = concurrency
  }

  get size(): { waiting: number; active: number } {
    return { waiting: this.#waiting.length, active: this.#active.size }
  }

  add(job: Job): void {
    this.#waiting.push(job)
    this.#startJobs()
  }

  /** Starts no more jobs, and resolves when those under way have ended. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#active)
  }

  #startJobs(): void {
    while (!this.#closed && this.#active.size < this.#concurrency) {
      const job = this.#waiting.shift()
      if (job === undefined) return
      const running = this.#run(job).then(() => {
        this.#active.delete(running)
        this.#startJobs()
      })
      this.#active.add(running)
    }
  }

  async #run(job: Job): Promise<void> {
    try {
      await this.#work(job)
      this.counts.completed++
    } catch (error) {
      this.counts.failed++
      console.error(error)
    }
  }
}
