import { DeadlineError } from './time/deadline.ts'

/** query_canceled: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CANCELED = '57014'

/** Whether a query took too long: by our clock, or by the server's statement_timeout. */
export function isTimeout(error: Error): boolean {
  return error instanceof DeadlineError || ('code' in error && error.code === CANCELED)
}

/** What an error says, in one line: the code stands in where the message is empty, as Node's is for "localhost". */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, detail, hint } = error as { code?: unknown; detail?: unknown; hint?: unknown }
  const first = error instanceof AggregateError ? error.errors[0] : undefined
  const message = error.message || (first === undefined ? String(code ?? error.name) : describeError(first))
  const more = [detail, hint].filter((text) => typeof text === 'string' && text !== '')
  return [message, ...more].join(' — ').replaceAll(/\s*\n\s*/g, ' ')
}
