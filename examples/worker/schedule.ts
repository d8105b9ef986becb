/** Runs a task every so many milliseconds, one run at a time. What is returned ends that, after the run under way. */
export function schedule(task: () => Promise<unknown>, interval: number): () => Promise<void> {
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= task()
      .then(() => {}, console.error)
      .finally(() => {
        running = undefined
      })
  }, interval)
  return async () => {
    clearInterval(timer)
    await running
  }
}
