/**
 * The driver adapter that a PrismaClient was made with. Prisma has no public way to ask for it, so that this reads a field of
 * its own; `undefined` where there is none.
 */
export function adapterOfClient(client: object): unknown {
  return (client as { _engineConfig?: { adapter?: unknown } })._engineConfig?.adapter
}
