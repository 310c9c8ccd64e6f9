import postgres from 'postgres'
import { Mistake } from '../../src/finding.ts'
import { DeadlineError } from '../../src/time/deadline.ts'

/** Whether an error is the server's answer to a query, after which the connection can still be used. */
export function isAnswer(error: unknown): error is postgres.PostgresError {
  return error instanceof postgres.PostgresError && error.severity !== 'FATAL'
}

/** Class 40, transaction rollback: a standby cancels a query that is in the way of replay with 40001. */
const ROLLBACK_CLASS = '40'

/** Whether a query failed because its connection or its transaction was lost, and not because of what it asks. */
export function isLoss(error: unknown, { lost }: { readonly lost: boolean }): boolean {
  if (error instanceof Mistake || error instanceof DeadlineError) return false
  if (!(error instanceof postgres.PostgresError)) return lost
  return !isAnswer(error) || error.code.startsWith(ROLLBACK_CLASS)
}
