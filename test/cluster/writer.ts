import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import type { Test } from 'tap'
import { answered, isPrimary, onServer } from './session.ts'

/** Milliseconds between two rows. */
const PACE = 40
/**
 * Milliseconds for a commit, which waits for a standby. A session that is given up stays at the server until there is one,
 * and many of them must not come together.
 */
const PATIENCE = 5000

/** Inserts rows through whichever server is the primary, all the time, and keeps which of them were acknowledged. */
export class Writer {
  readonly name: string
  readonly acknowledged: string[] = []
  readonly #urls: readonly string[]
  #writing = true
  #tried = 0
  readonly #ended: Promise<void>

  constructor(t: Test, name: string, urls: readonly string[]) {
    this.name = name
    this.#urls = urls
    this.#ended = this.#write()
    t.teardown(() => this.end())
  }

  /** How many rows it tried to insert. */
  get tried(): number {
    return this.#tried
  }

  async end(): Promise<void> {
    this.#writing = false
    await this.#ended
  }

  async #write(): Promise<void> {
    while (this.#writing) {
      for (const url of this.#urls) await onServer(url, (sql) => this.#insert(sql)).catch(() => {})
      await delay(PACE)
    }
  }

  /** Inserts until it fails, if the server is the primary. The row of a commit that is not answered may be there or not. */
  async #insert(sql: Sql): Promise<void> {
    if (!(await isPrimary(sql))) return
    while (this.#writing) {
      const id = `${this.name}${++this.#tried}`
      await answered(sql`INSERT INTO written (id, writer) VALUES (${id}, ${this.name})`, PATIENCE)
      this.acknowledged.push(id)
      await delay(PACE)
    }
  }
}
