import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'

// Runs an example on a PostgreSQL of its own, with 20 branches: `npm run example -- express`.

const examples = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory())
const names = examples.map(({ name }) => name)
const [example = ''] = process.argv.slice(2)

if (names.includes(example)) await run(example)
else {
  console.error(`Which example? npm run example -- ${names.join(' | ')}`)
  process.exitCode = 1
}

async function run(name: string): Promise<void> {
  let application: ChildProcess | undefined
  // Ctrl-C reaches the example by itself, as it does all processes of the terminal; what it does about it is up to it.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => application?.kill())
  // Ctrl-C must not stop the database before the example is done with it.
  const database = fork(new URL('database.ts', import.meta.url), { detached: true })
  const [url] = (await Promise.race([once(database, 'message'), once(database, 'exit')])) as [unknown]
  if (typeof url !== 'string') throw new Error('PostgreSQL did not start')

  console.log('PostgreSQL has branches feature-1 to feature-20')
  const env = { DB_CONN_MAX_AGE: '60', ...process.env, DATABASE_URL: url }
  application = fork(new URL(`${name}/main.ts`, import.meta.url), { env })
  const [exitCode] = (await once(application, 'exit')) as [number | null]
  process.exitCode = exitCode ?? 1
  database.disconnect()
}
