import { fieldOf } from '../advice.ts'
import { CANCELED, isTimeout, Mistake } from '../finding.ts'
import { placeOf, putPlace } from '../place.ts'
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

  constructor({ problem, advice, code }: Limit, next: string, cause: Error) {
    super(problem, advice + next, { cause })
    this.code = code
  }
}

/** A limit that a run met, and how the run failed. */
interface Limit {
  readonly problem: string
  readonly advice: string
  readonly code: string
  readonly failure: 'error' | 'timeout'
}

/**
 * Adds to the error of a run that took `elapsed` milliseconds which limit it met, if it met one. `again` is whether the
 * collector runs by itself again.
 */
export function explainLimit(error: Error, status: CollectorStatus, elapsed: number, again: boolean): Error {
  const limit = limitOf(error, status, elapsed)
  if (limit === undefined) return error
  const explained = new LimitError(limit, again ? nextRun(status.ticksAfter(limit.failure)) : '', error)
  putPlace(explained, placeOf(error))
  return explained
}

function limitOf(error: Error, status: CollectorStatus, elapsed: number): Limit | undefined {
  const { collector, timeout } = status
  const { message } = error
  if (fieldOf(error, 'code') === LOCKED) {
    const waited = formatDuration(Math.round(Math.min(elapsed, lockTimeout(timeout))))
    return {
      problem: `${message}: it waited ${waited} for a lock${lockOf(error, status.statement)}`,
      advice: `another session holds it, such as for ALTER TABLE, TRUNCATE or VACUUM FULL: ${DOCUMENT}`,
      code: LOCKED,
      failure: 'error',
    }
  }
  if (!isTimeout(error)) return undefined
  if (/ user request$/.test(message)) {
    const advice = 'somebody has cancelled it: an administrator, a pooler or a script'
    return { problem: message, advice, code: CANCELED, failure: 'timeout' }
  }
  // A little less, because the server has a clock of its own.
  if (elapsed < timeout * 0.9) return undefined
  const whose = collector.timeout === undefined ? 'COLLECTOR_TIMEOUT' : 'its own timeout'
  return {
    problem: `${message}: it took longer than its limit of ${formatDuration(timeout)} (${whose})`,
    advice: `an index, a window or a longer limit helps: ${DOCUMENT}`,
    code: CANCELED,
    failure: 'timeout',
  }
}

function nextRun(ticks: number): string {
  return ticks === 1
    ? '; it runs again at the next tick, and less often while this lasts'
    : `; it now runs every ${ticks} ticks`
}

/** The relation whose lock it was: PostgreSQL gives its place in the query, unless a view reads it. */
function lockOf(error: Error, statement: string | undefined): string {
  const position = fieldOf(error, 'position')
  if (position === undefined || statement === undefined) return ', on a table that its query reads'
  const at = Number(position) - 1
  const name = /^(?:"[^"]*"|[\w$.])+/.exec([...statement].slice(at).join(''))?.[0]
  return name === undefined ? ', on a table that its query reads' : ` on ${name}`
}
