// What is particular to a pooler between the service and the server. Imports src/ only.
import postgres from 'postgres'
import { Mistake } from '../../src/finding.ts'
import type { Begun } from '../../src/query/db.ts'

/** What a pooler says when it cannot do what is asked of it, and the way out. */
const SAID: readonly (readonly [said: RegExp, advice: string])[] = [
  [
    /transaction blocks not allowed in statement pooling mode/,
    'a round is one transaction: set pool_mode = transaction for this database in pgbouncer.ini, or connect directly',
  ],
  [
    /^unsupported startup parameter.*\boptions\b/,
    'leave `options` out of DATABASE_URL (search_path has a parameter of its own), or connect directly',
  ],
]

/** Gives the error of a pooler its way out; any other error stays as it is. */
export function withAdvice(error: unknown): unknown {
  if (!(error instanceof postgres.PostgresError)) return error
  const advice = SAID.find(([said]) => said.test(error.message))?.[1]
  return advice === undefined ? error : new Mistake(error.message, advice, { cause: error })
}

/** What a query returns on the server that it is sent to: two, so that one sent by chance to the right server is seen. */
export const PROBES: readonly string[] = Array(2).fill(
  'SELECT /* metrics-service */ pg_catalog.pg_backend_pid() AS pid',
)

/**
 * Throws a Mistake when one of `PROBES` did not run in the transaction: a pooler sent it to another server, outside of the
 * transaction, and would do so with the query of a collector.
 */
export function checkPlace({ pid }: Begun, answers: readonly unknown[]): void {
  if ((answers as readonly (readonly [{ pid: number }])[]).every(([answer]) => answer.pid === pid)) return
  throw new Mistake(
    'statements of one transaction are sent to several servers',
    'set load_balance_mode = off, or disable_load_balance_on_write = transaction, in pgpool.conf, or connect directly',
  )
}
