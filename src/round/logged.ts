import { fieldOf } from '../advice.ts'
import { cut, type Finding, findingOf } from '../finding.ts'
import type { Rejection } from '../rows/rejection.ts'

/** The most characters of what may repeat a value of a row. */
const SHORT = 100

/**
 * The classes of SQLSTATE whose messages PostgreSQL writes without a value of a row: of connections, features,
 * transactions, roles, names, syntax, resources, locks and operators.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const NO_VALUES = ['08', '0A', '25', '26', '28', '34', '3B', '3D', '3F', '40', '42', '53', '55', '57']

/** The conditions that queries of collectors meet most, and of the classes what they say of the others. */
const CONDITIONS: Readonly<Record<string, string>> = {
  '22003': 'numeric value out of range',
  '22007': 'invalid datetime format',
  '22008': 'datetime field overflow',
  '22012': 'division by zero',
  '22021': 'character not in repertoire',
  '22023': 'invalid parameter value',
  '22030': 'duplicate JSON object key value',
  '22032': 'invalid JSON text',
  '22P02': 'invalid text representation',
  '22P03': 'invalid binary representation',
  '22P05': 'untranslatable character',
  '21': 'cardinality violation',
  '22': 'data exception',
  '23': 'integrity constraint violation',
  '38': 'external routine exception',
  '54': 'program limit exceeded',
  P0: 'PL/pgSQL error',
  XX: 'internal error',
}

/** What the log says of a collector's error: little of a value of a row, or nothing when it may have no `values`. */
export function loggedError(error: Error, values: boolean): Finding {
  const finding = findingOf(error)
  const code = fieldOf(error, 'severity') === undefined ? undefined : fieldOf(error, 'code')
  if (code === undefined) {
    // It says what could not be read, as JSON or as a number.
    if (!(error instanceof SyntaxError)) return finding
    return { problem: values ? cut(finding.problem, SHORT) : `${error.name} (value hidden)` }
  }
  const known = CONDITIONS[code] ?? CONDITIONS[code.slice(0, 2)]
  const condition = known === undefined ? code : `${code}, ${known}`
  // What a function runs and says is its own, and may be of a row whatever the class.
  const isOfFunction = fieldOf(error, 'where') !== undefined || fieldOf(error, 'internal_query') !== undefined
  if (NO_VALUES.includes(code.slice(0, 2)) && !isOfFunction) return finding
  const { place } = finding
  if (values) return { problem: cut(finding.problem, SHORT), place }
  const position = fieldOf(error, 'position')
  const at = position === undefined || place !== undefined ? '' : ` at character ${position}`
  return { problem: `SQLSTATE ${condition}${at} (value hidden)`, place }
}

/** What the log says of a rejection. */
export function loggedRejection(rejection: Rejection, values: boolean): Finding {
  const { logged, place } = rejection
  if (logged === undefined) return rejection
  return { ...(values ? logged.short : logged.hidden), place }
}
