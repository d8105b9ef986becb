import { once } from 'node:events'
import { startPostgres } from '../test/kit/embedded-postgres.ts'
import { seed } from './seed.ts'

// A PostgreSQL for an example, for as long as the process that forked this one. It tells it the URL.

const BRANCHES = Array.from({ length: 20 }, (_, index) => `feature-${index + 1}`)

const over = once(process, 'disconnect')
const server = await startPostgres()
await seed(server, BRANCHES)
process.send?.(server.url)
await over
await server.stop()
