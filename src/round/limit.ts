import { CANCELED, isTimeout, Mistake } from '../finding.ts'
import { lockTimeout } from '../query/lock-timeout.ts'
import { formatDuration } from '../time/duration.ts'
import type { CollectorStatus } from './status.ts'

/** lock_not_available: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LOCKED = '55P03'
const DOCUMENT = 'docs/operations.md#collectorfailing'

/** Says that a run met a limit of time: which one, whose it is, and when the collector runs again. */
class LimitError extends Mistake {
  /** The SQLSTATE of the limit, also where the service noticed it. */
  readonly code: string

  constructor(problem: string, advice: string, code: string, cause: Error) {
    super(problem, advice, { cause })
    this.code = code
  }
}

/**
 * Adds to the error of a run that took `elapsed` milliseconds which limit it met, if it met one. `again` is whether the
 * collector runs by itself again.
 */
export function explainLimit(error: Error, status: CollectorStatus, elapsed: number, again: boolean): Error {
  const { collector, timeout } = status
  const { message } = error
  const whose = collector.timeout === undefined ? 'COLLECTOR_TIMEOUT' : 'its own timeout'
  const limit = `its limit of ${formatDuration(timeout)} (${whose})`
  if ('code' in error && error.code === LOCKED) {
    const waited = formatDuration(Math.round(Math.min(elapsed, lockTimeout(timeout))))
    const problem = `${message}: it waited ${waited} for a lock${lockOf(error, status.statement)}`
    const advice = `another session holds it, such as for ALTER TABLE, TRUNCATE or VACUUM FULL: ${DOCUMENT}`
    return new LimitError(problem, `${advice}${nextRun(again && status.ticksAfter('error'))}`, LOCKED, error)
  }
  if (!isTimeout(error)) return error
  if (/ user request$/.test(message)) {
    const advice = 'somebody has cancelled it: an administrator, a pooler or a script'
    return new LimitError(
      message,
      `${advice}${nextRun(again && status.ticksAfter('timeout'))}`,
      CANCELED,
      error,
    )
  }
  // A little less, because the server has a clock of its own.
  if (elapsed < timeout * 0.9) return error
  const advice = `an index, a window or a longer limit helps: ${DOCUMENT}`
  return new LimitError(
    `${message}: it took longer than ${limit}`,
    `${advice}${nextRun(again && status.ticksAfter('timeout'))}`,
    CANCELED,
    error,
  )
}

function nextRun(ticks: number | false): string {
  if (ticks === false) return ''
  return ticks === 1
    ? '; it runs again at the next tick, and less often while this lasts'
    : `; it now runs every ${ticks} ticks`
}

/** The relation whose lock it was: PostgreSQL gives its place in the query, unless a view reads it. */
function lockOf(error: Error, statement: string | undefined): string {
  if (!('position' in error) || statement === undefined) return ', on a table that its query reads'
  const at = Number(error.position) - 1
  const name = /^(?:"[^"]*"|[\w$.])+/.exec([...statement].slice(at).join(''))?.[0]
  return name === undefined ? ', on a table that its query reads' : ` on ${name}`
}
