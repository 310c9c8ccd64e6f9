import type { Test } from 'tap'
import { type DbOptions, openDb } from '../../../plugins/db.ts'
import { parseDatabaseUrl } from '../../../src/config/database-url.ts'
import type { Db } from '../../../src/query/db.ts'

export interface Opened {
  readonly db: Db
  /** What it logged so far, by the arguments of each call. */
  readonly log: readonly unknown[][]
  /** Aborts when the test ends. */
  readonly signal: AbortSignal
}

/** The connections to a database, without a service. */
export function open(t: Test, text: string, options: Partial<DbOptions> = {}): Opened {
  const url = parseDatabaseUrl(text)
  const log: unknown[][] = []
  const add = (...call: unknown[]) => void log.push(call)
  const ending = new AbortController()
  const db = openDb({
    url,
    quorum: Math.floor(url.endpoints.length / 2) + 1,
    concurrency: 4,
    tick: 60_000,
    waitTimeout: 0,
    maxLag: 30_000,
    staleAfter: 600_000,
    log: { info: add, warn: add },
    ...options,
  })
  t.teardown(async () => {
    ending.abort(new Error('the test is over'))
    await db.close()
  })
  return { db, log, signal: ending.signal }
}
