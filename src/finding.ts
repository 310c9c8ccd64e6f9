import { adviceFor, fieldOf } from './advice.ts'
import { type Place, placeOf, renderPlace } from './place.ts'
import { DeadlineError } from './time/deadline.ts'

/** What is wrong, where, and what to do about it: fields until they are printed. */
export interface Finding {
  readonly problem: string
  readonly advice?: string | undefined
  readonly place?: Place | undefined
  /** The word in the collector's file that it is about, such as a field, a label or a column: its place can be found by that. */
  readonly about?: string | undefined
}

/** A mistake in what people write: a collector, a configuration, arguments. Its message is the problem. */
export class Mistake extends Error {
  readonly advice: string | undefined
  /** As in a finding. */
  readonly about: string | undefined

  constructor(problem: string, advice?: string, { about, ...options }: MistakeOptions = {}) {
    super(problem, options)
    this.advice = advice
    this.about = about
  }
}

interface MistakeOptions extends ErrorOptions {
  readonly about?: string | undefined
}

/**
 * What an error says. An empty message is replaced by the error's code, as Node's is for "localhost". PostgreSQL's
 * DETAIL belongs to the problem.
 */
export function findingOf(error: unknown): Finding {
  if (!(error instanceof Error)) return { problem: String(error) }
  const { message } = error
  const place = placeOf(error)
  if (error instanceof Mistake) return placed({ problem: message, advice: error.advice }, place)
  if (message === '' && error instanceof AggregateError && error.errors.length > 0)
    return findingOf(error.errors[0])
  const detail = fieldOf(error, 'detail')
  const said = message === '' ? (fieldOf(error, 'code') ?? error.name) : message
  return placed(
    { problem: detail === undefined ? said : `${said} — ${detail}`, advice: adviceFor(error) },
    place,
  )
}

function placed(finding: Finding, place: Place | undefined): Finding {
  return place === undefined ? finding : { ...finding, place }
}

/** The longest text of an error, in characters: PostgreSQL repeats the value that it could not read, whole. */
const LONGEST = 1000

/** A text, cut to a number of characters. */
export function cut(text: string, longest = LONGEST): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** A finding as text, its problem with its place and its advice in one line each, with `separator` between them. */
export function renderFinding({ problem, advice, place }: Finding, separator = ' — '): string {
  const at = place === undefined ? '' : ` (${renderPlace(place)})`
  return [`${inOneLine(problem)}${at}`, ...(advice === undefined ? [] : [inOneLine(advice)])].join(separator)
}

/** A text, cut to what an error may have, in one line. */
export function inOneLine(text: string): string {
  return cut(text)
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
}

/** What an error says, in one line. */
export function describeError(error: unknown): string {
  return renderFinding(findingOf(error))
}

/** query_canceled: https://www.postgresql.org/docs/current/errcodes-appendix.html */
export const CANCELED = '57014'

/** Whether a query took too long: by our clock, or by the server's statement_timeout. */
export function isTimeout(error: Error): boolean {
  return error instanceof DeadlineError || ('code' in error && error.code === CANCELED)
}
