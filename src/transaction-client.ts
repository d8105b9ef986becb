import { BranchInTransactionError } from './errors.ts'

type Work = (client: object) => unknown

/** The callback of an interactive transaction, given a client that stays on its branch and says so when asked to leave. */
export function onTransactionClient(work: Work): Work
export function onTransactionClient(work: unknown): unknown
export function onTransactionClient(work: unknown): unknown {
  return (client: object) => (work as Work)(transactionClient(client))
}

function transactionClient(client: object): object {
  return new Proxy(client, {
    get(target, property) {
      if (property === '$branch' || property === '$withBranch') return () => refuse(property)
      const value: unknown = Reflect.get(target, property)
      // A transaction inside the transaction, on a savepoint.
      if (property === '$transaction' && typeof value === 'function') {
        return (work: unknown, options?: unknown) => {
          return Reflect.apply(value, target, [typeof work === 'function' ? onTransactionClient(work) : work, options])
        }
      }
      return value
    },
  })
}

function refuse(method: string): never {
  throw new BranchInTransactionError(method)
}
