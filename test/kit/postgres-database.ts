import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

const OTHERS =
  "FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()"

/** A database as its administrator sees it, over one connection of its own, which is not counted. */
export class PostgresDatabase {
  readonly url: string
  #client: Promise<pg.Client> | undefined

  constructor(url: string) {
    this.url = url
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await (await this.#connect()).query<Row>(text, values)).rows
  }

  /** Client connections open, as the server sees them. */
  connections(): Promise<number> {
    return this.#count(`SELECT count(*) ${OTHERS}`)
  }

  /** Ends every client connection; says how many there were. Resolves when the server has none of them any more. */
  async terminateAll(): Promise<number> {
    const ended = await this.query<{ pid: number }>(`SELECT pid, pg_terminate_backend(pid) ${OTHERS}`)
    const pids = ended.map(({ pid }) => pid)
    while ((await this.#count(`SELECT count(*) ${OTHERS} AND pid = ANY ($1)`, [pids])) > 0) await delay(5)
    return pids.length
  }

  /** How many statements are at work whose text is like that. */
  underWay(pattern: string): Promise<number> {
    return this.#count(`SELECT count(*) ${OTHERS} AND state = 'active' AND query LIKE $1`, [pattern])
  }

  async disconnect(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.then((connected) => connected.end()).catch(() => {})
  }

  /** One connection, however many ask for it at once. One that fails or is lost is forgotten. */
  #connect(): Promise<pg.Client> {
    const forget = () => {
      if (this.#client === connecting) this.#client = undefined
    }
    if (this.#client !== undefined) return this.#client
    const client = new pg.Client({ connectionString: this.url })
    client.on('error', forget)
    const connecting = client.connect().then(() => client)
    connecting.catch(forget)
    this.#client = connecting
    return connecting
  }

  async #count(text: string, values: unknown[] = []): Promise<number> {
    return Number((await this.query<{ count: string }>(text, values))[0]?.count)
  }
}
