/** As much of Prisma's own promise as there is to call. Its query is sent when it is first awaited. */
export interface PrismaPromise {
  readonly [Symbol.toStringTag]: 'PrismaPromise'
  then: Promise<unknown>['then']
  catch: Promise<unknown>['catch']
  finally: Promise<unknown>['finally']
  requestTransaction?(transaction: unknown): unknown
}

export function isPrismaPromise(value: unknown): value is PrismaPromise {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Partial<PrismaPromise>)[Symbol.toStringTag] === 'PrismaPromise'
  )
}

/**
 * A query that fails when it is awaited, as any query of Prisma's does: a mistake never throws where it is made. So do the
 * queries of its relations, which are named after fields.
 */
export function failingPromise(error: unknown): PrismaPromise {
  const fail = () => Promise.reject(error)
  const promise: PrismaPromise = {
    // biome-ignore lint/suspicious/noThenProperty: it is what it stands for.
    then: (fulfilled, rejected) => fail().then(fulfilled, rejected),
    catch: (rejected) => fail().catch(rejected),
    finally: (settled) => fail().finally(settled),
    requestTransaction: fail,
    [Symbol.toStringTag]: 'PrismaPromise',
  }
  return new Proxy(promise, {
    get: (target, property) =>
      typeof property === 'symbol' || property in target ? Reflect.get(target, property) : () => failingPromise(error),
  })
}
