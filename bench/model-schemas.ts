import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { PrismaClient } from '../generated/postgres/client.ts'

/** The class of a client that has, among others, the model `User`. */
export type ClientClass = typeof PrismaClient

const run = promisify(execFile)

/**
 * A generated client with so many models: those of `prisma/schema.prisma`, whose tables exist, and others of 15 fields.
 * Made on first use, and kept in a directory that git ignores.
 */
export async function clientWithModels(count: number): Promise<ClientClass> {
  const directory = resolve(`generated/bench/${count}`)
  const compiled = `${directory}/compiled/client.js`
  const path = `${directory}/schema.prisma`
  const schema = schemaWithModels(count)
  if (!existsSync(compiled) || readFileSync(path, 'utf8') !== schema) {
    console.log(`generating a client with ${count} models`)
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true })
    writeFileSync(path, schema)
    await run('npx', ['prisma', 'generate', '--schema', path])
    await compile(directory)
  }
  const generated = (await import(pathToFileURL(compiled).href)) as { PrismaClient: ClientClass }
  return generated.PrismaClient
}

/** What `tsc` says of code that Prisma generates is not asked. */
async function compile(directory: string): Promise<void> {
  const options = {
    extends: resolve('tsconfig.json'),
    compilerOptions: { noEmit: false, noCheck: true, rootDir: 'client', outDir: 'compiled' },
    include: ['client'],
  }
  writeFileSync(`${directory}/tsconfig.json`, JSON.stringify(options))
  await run('npx', ['tsc', '-p', directory])
}

function schemaWithModels(count: number): string {
  const [head = '', ...models] = readFileSync('prisma/schema.prisma', 'utf8').split(/^(?=model )/m)
  const others = count - models.length
  return [
    head.replace('"../generated/postgres"', '"./client"'),
    ...models,
    ...Array.from({ length: others }, (_, index) => model(index, index === others - 1)),
  ].join('\n')
}

/** Each refers to the one before it. */
function model(index: number, isLast: boolean): string {
  const previous = `Model${index - 1}`
  const fields = [
    'id          Int      @id @default(autoincrement())',
    'code        String   @unique',
    'title       String',
    'description String?',
    'status      String   @default("new")',
    'quantity    Int      @default(0)',
    'price       Decimal',
    'weight      Float?',
    'active      Boolean  @default(true)',
    'details     Json?',
    'createdAt   DateTime @default(now())',
    'updatedAt   DateTime @updatedAt',
    'previousId  Int?',
    ...(index === 0 ? [] : [`previous ${previous}? @relation(fields: [previousId], references: [id])`]),
    ...(isLast ? [] : [`next Model${index + 1}[]`]),
  ]
  return `model Model${index} {\n  ${fields.join('\n  ')}\n\n  @@index([status, createdAt])\n}\n`
}
