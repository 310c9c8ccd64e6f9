import { once } from 'node:events'
import net from 'node:net'
import postgres, { type Sql } from 'postgres'
import type { DatabaseUrl, Endpoint, Role } from '../../src/config/database-url.ts'
import { within } from '../../src/time/deadline.ts'
import type { Dialect } from './dialect.ts'
import { secure } from './secure.ts'
import { askRole, type Begun, begin, type Limits, limit, type Transaction } from './transaction.ts'

/** The name under which pg_stat_activity shows the service. */
const APPLICATION_NAME = 'metrics-service'
/** Milliseconds to take leave of the server. */
const FAREWELL = 1000

/** Whether an error is the server's answer to a query, after which the connection goes on. */
export function isAnswer(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.severity !== 'FATAL'
}

/**
 * One connection to one endpoint. It never reconnects: a client that did would run the rest of a transaction outside
 * of it. So each has a client of its own, whose socket is ours to destroy when the network does not answer.
 */
export class Connection {
  readonly endpoint: Endpoint
  readonly #dialect: Dialect
  role: Role = { inRecovery: false, readOnly: false }
  /** Whether it served before, and so may have been lost while nobody used it. */
  reused = false
  readonly #sql: Sql
  #socket: net.Socket | undefined
  #lost = false
  /** How to fail each query that runs, for the client settles none of them when the network falls silent. */
  readonly #running = new Set<(reason: unknown) => void>()

  private constructor(url: DatabaseUrl, endpoint: Endpoint, dialect: Dialect) {
    this.endpoint = endpoint
    this.#dialect = dialect
    const options = {
      host: endpoint.host,
      port: endpoint.port,
      user: url.user,
      pass: url.password,
      database: url.database,
      // So is the encryption: the socket that it gets is a secure one.
      ssl: false,
      max: 1,
      prepare: false,
      fetch_types: false,
      // The deadline is ours: the client's own starts only when the socket is connected.
      connect_timeout: 0,
      max_lifetime: null,
      connection: { application_name: APPLICATION_NAME },
      onnotice: () => {},
      onclose: () => this.destroy(new Error('the server closed the connection')),
      socket: () => this.#connect(url),
    }
    this.#sql = postgres(options)
  }

  /** Rejects when the connection does not answer a first query within the URL's connect_timeout. */
  static async open(
    url: DatabaseUrl,
    endpoint: Endpoint,
    dialect: Dialect,
    signal: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(url, endpoint, dialect)
    const ask = () =>
      connection.#learning(() => connection.run((sql) => sql.unsafe<[Role]>(askRole(dialect))))
    try {
      const [asked] = await within(ask(), { ms: url.connectTimeout, signal })
      connection.role = asked
      return connection
    } catch (error) {
      connection.destroy(error)
      throw error
    }
  }

  get lost(): boolean {
    return this.#lost
  }

  /** The outcome of a query, or an error as soon as the connection is lost. */
  async run<T>(query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    if (this.#lost) throw new Error('the connection is lost')
    const { promise, reject } = Promise.withResolvers<never>()
    this.#running.add(reject)
    try {
      return await Promise.race([query(this.#sql), promise])
    } finally {
      this.#running.delete(reject)
    }
  }

  /**
   * Starts a read-only transaction, in one round trip.
   * https://www.postgresql.org/docs/current/sql-set-transaction.html
   */
  async begin(transaction: Transaction): Promise<Begun> {
    const results = await this.#learning(() =>
      this.run((sql) => sql.unsafe(begin(transaction, this.#dialect))),
    )
    // Several statements in one text come back as a list of results; the client's types know of one only.
    const [begun] = results.at(-1) as unknown as [Begun]
    this.role = begun
    return begun
  }

  /** Has the server end the session when it asks nothing for so many milliseconds, if the engine can. */
  async limitIdle(milliseconds: number): Promise<void> {
    const name = 'idle_session_timeout'
    await this.#learning(async () => {
      if (!this.#dialect.has(name)) return
      await this.run((sql) => sql.unsafe(`SET ${name} = ${Math.ceil(milliseconds)}`))
    }, 'SELECT 1')
  }

  /** Ends the transaction, whatever became of it. */
  async commit(): Promise<void> {
    await this.run((sql) => sql`COMMIT`)
  }

  /**
   * The outcome of a query within the transaction, with limits of its own, of which nothing stays.
   * https://www.postgresql.org/docs/current/sql-savepoint.html
   */
  async within<T>(limits: Limits, query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    await this.run((sql) => sql`SAVEPOINT collector`)
    try {
      await this.#learning(
        () => this.run((sql) => sql.unsafe(`${limit(limits, this.#dialect)} SELECT 1`)),
        'ROLLBACK TO SAVEPOINT collector',
      )
      const result = await this.run(query)
      // A savepoint that is released would leave the settings that were made within it.
      await this.undo()
      return result
    } catch (error) {
      if (isAnswer(error)) await this.undo()
      throw error
    }
  }

  /** Takes back what a query did within the transaction; waits for one that still runs. */
  async undo(): Promise<void> {
    await this.run((sql) => sql`ROLLBACK TO SAVEPOINT collector`)
  }

  /** The outcome of statements, tried again without what the engine turns out not to have. */
  async #learning<T>(statements: () => Promise<T>, undo = 'ROLLBACK'): Promise<T> {
    for (;;) {
      try {
        return await statements()
      } catch (error) {
        if (!this.#dialect.learn(error)) throw error
        await this.run((sql) => sql.unsafe(undo))
      }
    }
  }

  /** Takes leave of the server and waits until it has closed the session, for a second at most. */
  async close(): Promise<void> {
    await this.#sql.end({ timeout: FAREWELL / 1000 }).catch(() => {})
    this.destroy(new Error('the connection was closed'))
  }

  /** Cuts the connection, without a word to the server. Every query that still runs on it rejects with the reason. */
  destroy(reason: unknown): void {
    if (this.#lost) return
    this.#lost = true
    for (const reject of this.#running) reject(reason)
    this.#socket?.destroy()
    void this.#sql.end({ timeout: 0 }).catch(() => {})
  }

  async #connect(url: DatabaseUrl): Promise<net.Socket> {
    if (this.#lost || this.#socket !== undefined) throw new Error('the server closed the connection')
    const { host, port } = this.endpoint
    const plain = host.startsWith('/') ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect({ host, port })
    this.#own(plain)
    await once(plain, 'connect')
    const socket = host.startsWith('/') ? plain : await secure(plain, host, url)
    if (socket !== plain) this.#own(socket)
    // A large result would hold the event loop for as many chunks as the kernel has: others have a turn between two.
    socket.on('data', () => {
      socket.pause()
      setImmediate(() => socket.resume())
    })
    return Object.assign(socket, { host, port })
  }

  #own(socket: net.Socket): void {
    this.#socket = socket
    // An error after the client took its own listeners off has nobody else to go to.
    socket.on('error', (error) => this.destroy(error))
    // Nor has the end of one that the client did not get yet.
    socket.on('close', () => this.destroy(new Error('the server closed the connection')))
  }
}
