/** Milliseconds a statement waits for a lock: long enough for a short DDL, too short to queue behind a long one. */
const LOCK_TIMEOUT = 5000
/** Of the statement's own time: the rest of it lets the server tell a lock from a query that takes long. */
const SHARE = 0.8

/** How long a statement of a time limit waits for a lock, both in milliseconds. */
export function lockTimeout(statementTimeout: number): number {
  return Math.min(LOCK_TIMEOUT, SHARE * statementTimeout)
}
