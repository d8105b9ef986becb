import { defineConfig } from 'prisma/config'

// As in the config of the project: `prisma generate` stays offline.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath

export default defineConfig({ schema: 'schema.prisma' })
