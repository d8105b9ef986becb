import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, onTestFinished, test } from 'vitest'
import { PostgresDatabase } from '../kit/postgres-database.ts'
import { document, documents, README } from './documents.ts'
import { snippetsOf, write } from './snippets.ts'

const run = promisify(execFile)
const PROJECT = 'generated/quick-start'

/** What `prisma db push` makes of the README's model. Its schema engine is no npm package, so it is not run here. */
const TABLE = '"User" ("id" SERIAL PRIMARY KEY, "email" TEXT NOT NULL UNIQUE)'

async function createDatabase(name: string): Promise<PostgresDatabase> {
  const server = new PostgresDatabase(inject('postgresUrl'))
  onTestFinished(() => server.disconnect())
  await server.query(`CREATE DATABASE ${name}`)
  const database = new PostgresDatabase(Object.assign(new URL(server.url), { pathname: `/${name}` }).href)
  onTestFinished(() => database.disconnect())
  return database
}

test('the quick start of the README prints what it says, and leaves no connection', async () => {
  const snippets = snippetsOf(document(README))
  await rm(PROJECT, { recursive: true, force: true })
  await write(join(PROJECT, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  // It has this package, as it is here, in place of one from the registry.
  await write(join(PROJECT, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', include: ['.'] }))
  for (const { code, file } of snippets) if (file !== undefined) await write(join(PROJECT, file), code)

  const database = await createDatabase('quick_start')
  await database.query(`CREATE TABLE public.${TABLE}`)
  await database.query(`CREATE SCHEMA "branch_feature-x"; CREATE TABLE "branch_feature-x".${TABLE}`)

  const inProject = (...args: string[]) => {
    const env = { ...process.env, DATABASE_URL: database.url, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath }
    return run(process.execPath, args, { cwd: PROJECT, env })
  }
  await inProject(resolve('node_modules/prisma/build/index.js'), 'generate')
  const { stdout } = await inProject('--import', 'tsx', 'src/main.ts')
  expect(stdout).toBe(snippets.find(({ language }) => language === 'text')?.code)
  expect(await database.query('SELECT email FROM public."User"')).toEqual([])
  expect(await database.connections()).toBe(0)
})

test('snippets in SQL run on PostgreSQL', async () => {
  const snippets = documents.flatMap(snippetsOf).filter(({ language }) => language === 'sql')
  expect(snippets).not.toEqual([])
  const database = await createDatabase('snippets')
  for (const { code } of snippets) await database.query(code)
})
