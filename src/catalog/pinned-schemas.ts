/**
 * The schemas that `@@schema` pins a client's models and enums to. Prisma writes these into its SQL, whatever schema the
 * driver adapter names, so that on a branch of another schema such a model would read and write main (rule I3).
 *
 * Prisma has no public way to ask a client. Its data model has the schema of each model; those of enums are in the text of
 * the Prisma schema alone. Extended clients have both.
 *
 * @param client a PrismaClient
 * @returns none if there are none, or if `client` does not say
 */
export function pinnedSchemas(client: unknown): ReadonlySet<string> {
  const { _runtimeDataModel: dataModel, _engineConfig: config } = (client ?? {}) as ClientInternals
  if (typeof dataModel !== 'object' || dataModel === null) return NONE
  let found = known.get(dataModel)
  if (found === undefined) {
    found = new Set([...schemasOf(dataModel.models), ...schemasOf(dataModel.enums), ...schemasIn(config?.inlineSchema)])
    known.set(dataModel, found)
  }
  return found
}

/** Of what PrismaClient keeps for itself, what is read here; any of it may be missing in another version. */
interface ClientInternals {
  readonly _runtimeDataModel?: { readonly models?: unknown; readonly enums?: unknown } | null
  readonly _engineConfig?: { readonly inlineSchema?: unknown } | null
}

const NONE: ReadonlySet<string> = new Set()

/** By data model, which all clients of one generated class share. */
const known = new WeakMap<object, ReadonlySet<string>>()

function schemasOf(named: unknown): string[] {
  return Object.values(named ?? {})
    .map((model: { schema?: unknown } | null) => model?.schema)
    .filter((schema) => typeof schema === 'string')
}

/** An attribute of a block stands on a line of its own, in which a comment can only follow. */
const ATTRIBUTE = /^[ \t]*@@schema\(\s*(?:map\s*:\s*)?(?<literal>"(?:[^"\\]|\\.)*")/gm

function schemasIn(schemaText: unknown): string[] {
  if (typeof schemaText !== 'string') return []
  return [...schemaText.matchAll(ATTRIBUTE)].map(({ groups }) => JSON.parse(groups?.literal as string) as string)
}
