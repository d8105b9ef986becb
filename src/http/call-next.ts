/**
 * Calls what a framework gave a middleware to go on with. What that throws is for nobody who made a promise in between: it
 * is uncaught, as it would be after any callback, and goes to the framework once.
 */
export function callNext(next: () => void): void {
  try {
    next()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
