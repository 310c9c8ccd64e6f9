import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import type { Test } from 'tap'
import type { Cluster } from '../cluster/cluster.ts'
import { answered, isPrimary, onServer } from '../cluster/session.ts'
import { BALANCE } from './shop.ts'

/** Milliseconds between two commits, and the most between the moment of a row and the first try to commit it. */
const PACE = 100
const LATE = 8000
/** Rows in each of those. */
const ROWS = 3
const KINDS = ['a', 'b', 'c']
const SHOPS = 20
/** Series of each counter of rows. */
export const SERIES = KINDS.length * SHOPS
/** Milliseconds for a commit, which waits for a standby. */
const PATIENCE = 5000
/** Seconds after which a row is given up, so that it is never later than what `settle` allows. */
const TOO_LATE = 25

interface Row {
  readonly kind: string
  readonly shop: string
  readonly amount: string
  readonly seconds: number
  readonly created: string
  readonly due: number
}

/** A change of the accounts, in milliseconds since 1970. */
export interface Version {
  readonly version: number
  readonly debit: number
  readonly tried: number
  /** Infinite when nobody said that it was committed: then it may have been or not. */
  acknowledged: number
}

/**
 * Writes to whichever member is the primary, all the time: rows of which many are committed long after their moment, and
 * transactions that change two accounts.
 */
export class Traffic {
  readonly versions: Version[] = [{ version: 0, debit: BALANCE / 2, tried: 0, acknowledged: 0 }]
  readonly #urls: readonly string[]
  readonly #late: Row[] = []
  readonly #ended: Promise<unknown>
  #writing = true
  #making = true

  constructor(t: Test, cluster: Cluster) {
    this.#urls = cluster.members.map(({ endpoint }) => cluster.url([endpoint]))
    this.#ended = Promise.all([
      this.#make(),
      this.#write((sql) => this.#insert(sql)),
      this.#write((sql) => this.#move(sql)),
    ])
    t.teardown(() => {
      this.#making = false
      this.#writing = false
    })
  }

  /** Makes no more rows, and resolves when all that are late are committed, or given up. */
  async end(): Promise<void> {
    this.#making = false
    while (this.#late.length > 0) await delay(PACE)
    this.#writing = false
    await this.#ended
  }

  async #make(): Promise<void> {
    for (let made = 0; this.#making; ) {
      const now = Date.now()
      for (let i = 0; i < ROWS; i++) {
        made++
        this.#late.push({
          kind: KINDS[made % KINDS.length] ?? '',
          shop: `shop ${made % SHOPS}`,
          amount: (Math.random() * 100).toFixed(2),
          seconds: Math.random() ** 4 * 20,
          created: new Date(now).toISOString(),
          due: now + Math.random() * LATE,
        })
      }
      await delay(PACE)
    }
  }

  /** Writes over one session as long as that lasts and its server is the primary, then over another. */
  async #write(commit: (sql: Sql) => Promise<unknown>): Promise<void> {
    while (this.#writing) {
      for (const url of this.#urls) {
        await onServer(url, async (sql) => {
          if (!(await isPrimary(sql))) return
          while (this.#writing) {
            await answered(commit(sql), PATIENCE)
            await delay(PACE)
          }
        }).catch(() => {})
      }
      await delay(PACE)
    }
  }

  /** Inserts what is due. What is not acknowledged may be there already, and comes once more. */
  async #insert(sql: Sql): Promise<void> {
    const now = Date.now()
    const due = this.#late.filter((row) => row.due <= now)
    if (due.length === 0) return
    await sql`
      INSERT INTO rows (kind, shop, amount, seconds, created)
      SELECT kind, shop, amount, seconds, created
        FROM json_to_recordset(${JSON.stringify(due)}::text::json)
          AS late (kind text, shop text, amount numeric, seconds float8, created timestamptz)
       WHERE created > clock_timestamp() - make_interval(secs => ${TOO_LATE})`
    const done = new Set(due)
    this.#late.splice(0, this.#late.length, ...this.#late.filter((row) => !done.has(row)))
  }

  /** Moves an amount from one account to the other. */
  async #move(sql: Sql): Promise<void> {
    const version = this.versions.length
    const debit = Math.floor(Math.random() * BALANCE)
    const moved: Version = { version, debit, tried: Date.now(), acknowledged: Number.POSITIVE_INFINITY }
    this.versions.push(moved)
    await sql`UPDATE accounts SET debit = ${debit}, credit = ${BALANCE - debit}, version = ${version}`
    moved.acknowledged = Date.now()
  }
}
