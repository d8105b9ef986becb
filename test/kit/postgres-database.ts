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

  /** Ends every client connection; says how many there were. */
  terminateAll(): Promise<number> {
    return this.#count(`SELECT count(pg_terminate_backend(pid)) ${OTHERS}`)
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

  async #count(text: string): Promise<number> {
    return Number((await this.query<{ count: string }>(text))[0]?.count)
  }
}
