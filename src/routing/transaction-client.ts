import { BranchInTransactionError } from '../settings/errors.ts'

/**
 * What `$transaction` is given: of an interactive transaction the callback, which then gets a client that stays on its
 * branch and says so when asked to leave; a batch as it is.
 */
export function stayingOnBranch(work: unknown): unknown {
  return typeof work === 'function' ? (client: object) => work(transactionClient(client)) : work
}

function transactionClient(client: object): object {
  return new Proxy(client, {
    get(target, property) {
      if (property === '$branch' || property === '$withBranch') return () => refuse(property)
      const value: unknown = Reflect.get(target, property)
      // A transaction inside the transaction, on a savepoint.
      if (property === '$transaction' && typeof value === 'function') {
        return (work: unknown, options?: unknown) => Reflect.apply(value, target, [stayingOnBranch(work), options])
      }
      return value
    },
  })
}

function refuse(method: string): never {
  throw new BranchInTransactionError(method)
}
