import { setTimeout as delay } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'

/** Milliseconds for an answer of a server. */
const PATIENCE = 1000

/** Runs this on a session of its own at a server. Rejects when it cannot be had in a second. */
export async function onServer<T>(url: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, {
    max: 1,
    connect_timeout: PATIENCE / 1000,
    backoff: false,
    fetch_types: false,
    onnotice: () => {},
  })
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 0 }).catch(() => {})
  }
}

/** Rejects when there is no answer within these milliseconds. */
export async function answered<T>(answer: PromiseLike<T>, patience = PATIENCE): Promise<T> {
  const over = new AbortController()
  const late = delay(patience, undefined, { signal: over.signal }).then(() => {
    throw new Error('no answer')
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    over.abort()
    late.catch(() => {})
  }
}

/** Whether the server says that it is a primary. Rejects when it does not answer. */
export async function isPrimary(sql: Sql): Promise<boolean> {
  const [row] = await answered(sql<{ primary: boolean }[]>`
    SELECT NOT pg_is_in_recovery() AS primary`)
  return row?.primary === true
}
