import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { branches } from '../src/index.ts'
import { schemaAdapter } from '../src/postgres.ts'
import type { FirstRow, FirstRowWatch } from './first-row.ts'
import type { ClientClass } from './model-schemas.ts'

/** Something that gets to a first row in a database to which it has no connection. */
export interface ColdContender {
  readonly name: string
  /** The ratio to the bare client that it should not exceed. */
  readonly goal?: number
  readonly rows: FirstRow[]
  measure(): Promise<FirstRow>
}

type Surroundings = { Client: ClientClass; url: string; schema: string; watch: FirstRowWatch }

/** Milliseconds: how soon the pool of a branch is closed whose client is to be kept. */
const IDLE = 20

export function rawDriver({ url, watch }: Surroundings): ColdContender {
  return {
    name: 'raw pg',
    rows: [],
    async measure() {
      const client = new pg.Client({ connectionString: url })
      const measured = await watch.measure(async () => {
        await client.connect()
        watch.mark('connected')
        await client.query('SELECT id, email, name FROM "User" LIMIT 1')
      })
      await client.end()
      return measured
    },
  }
}

/** @param checked with the adapter that the branches have, which asks each new connection for its schema */
export function bareClient({ Client, url, schema, watch }: Surroundings, checked: boolean): ColdContender {
  const config = { max: 2, onConnect: () => watch.mark('connected') }
  const checkedAdapter = schemaAdapter(PrismaPg, config)
  const adapter = () => (checked ? checkedAdapter(url) : new PrismaPg({ ...config, connectionString: url }, { schema }))
  return {
    name: checked ? '(bare PrismaClient, its schema checked)' : 'bare PrismaClient',
    rows: [],
    async measure() {
      let client: InstanceType<ClientClass> | undefined
      const measured = await watch.measure(() => {
        client = new Client({ adapter: watch.watch(adapter()) })
        watch.mark('constructed')
        return client.user.findFirst()
      })
      await client?.$disconnect()
      return measured
    },
  }
}

/** A branch that nobody has been to, at each visit. */
export function newBranch(surroundings: Surroundings): ColdContender {
  const prisma = extendedClient(surroundings, {})
  let visits = 0
  return {
    name: '$branch, its first visit',
    goal: 1.3,
    rows: [],
    async measure() {
      const name = `visit${visits++}`
      const measured = await surroundings.watch.measure(() => prisma.$branch(name).user.findFirst())
      await prisma.$branches.close(name)
      return measured
    },
  }
}

/** A branch whose pool was closed for being unused, as it would be at max-age. Its client is there. */
export async function keptClient(surroundings: Surroundings): Promise<ColdContender> {
  const prisma = extendedClient(surroundings, { idleTimeout: IDLE })
  let onClosed = () => {}
  prisma.$branches.on('closed', () => onClosed())
  const visit = async () => {
    const closed = new Promise<void>((resolve) => {
      onClosed = resolve
    })
    const measured = await surroundings.watch.measure(() => prisma.$branch('kept').user.findFirst())
    await closed
    return measured
  }
  await visit()
  return { name: '$branch, its client was kept', rows: [], measure: visit }
}

/** Visits so many branches, and resolves when their pools are closed again. @returns what lets go of their clients */
export async function visitBranches(surroundings: Surroundings, count: number): Promise<() => Promise<void>> {
  const prisma = extendedClient(surroundings, { idleTimeout: IDLE, maxClients: count })
  let open = count
  const allClosed = new Promise<void>((resolve) => {
    prisma.$branches.on('closed', () => --open === 0 && resolve())
  })
  for (let i = 0; i < count; i++) await prisma.$branch(`kept${i}`).user.findFirst()
  await allClosed
  return () => prisma.$disconnect()
}

function extendedClient({ Client, url, watch }: Surroundings, options: { idleTimeout?: number; maxClients?: number }) {
  const adapterOf = schemaAdapter(PrismaPg, { max: 2, onConnect: () => watch.mark('connected') })
  return new Client({ adapter: adapterOf(url) }).$extends(
    branches({
      // One schema under any number of URLs.
      url: (name) => `${url}&application_name=${name}`,
      adapter: (branchUrl) => watch.watch(adapterOf(branchUrl)),
      client: (adapter) => {
        const client = new Client({ adapter })
        watch.mark('constructed')
        return client
      },
      maxAge: 60_000,
      ...options,
    }),
  )
}
