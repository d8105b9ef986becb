import { defineConfig } from 'prisma/config'

// `prisma generate` asks for the schema engine, which it never runs. Naming any executable keeps it offline.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath

export default defineConfig({ schema: 'prisma/schema.prisma' })
