// What the documents' snippets may use without saying where it comes from. These are globals, so a snippet that imports
// or declares such a name itself uses its own. Nothing of this exists at run time: snippets are only compiled.

declare global {
  const connectionString: string
  /** The branches that exist. */
  const branchNames: Set<string>
  const prisma: ReturnType<typeof extended>
  const server: import('node:http').Server

  const PrismaPg: typeof import('@prisma/adapter-pg').PrismaPg
  const PrismaLibSql: typeof import('@prisma/adapter-libsql').PrismaLibSql
  const PrismaClient: typeof import('../../generated/postgres/client.ts').PrismaClient

  const branches: typeof import('../../src/index.ts').branches
  const persistentAdapter: typeof import('../../src/index.ts').persistentAdapter
  const BranchError: typeof import('../../src/index.ts').BranchError
  const schemaAdapter: typeof import('../../src/postgres.ts').schemaAdapter
  const schemaUrl: typeof import('../../src/postgres.ts').schemaUrl
}

/** Gives {@link prisma} its type: that of a client extended by `branches()`. */
function extended() {
  const adapter = schemaAdapter(PrismaPg)
  const client = new PrismaClient({ adapter: adapter(connectionString) })
  return client.$extends(branches({ adapter, client: (adapter) => new PrismaClient({ adapter }) }))
}

export {}
