import { ProtocolError } from './frames.ts'
import * as type from './message.ts'
import { ownError } from './server-error.ts'

/** The longest row that is read, and the longest of all other messages but errors, in bytes. */
const LONGEST_ROW = 16 * 2 ** 20
const LONGEST = 2 ** 20

const LIMITS = new Map([
  [type.DATA_ROW, LONGEST_ROW],
  [type.COPY_DATA, 0],
  [type.ERROR, 65_536],
  [type.NOTICE, 0],
  [type.NOTIFICATION, 0],
])

/** What an answer to a query consists of. */
const ANSWERS = new Set([
  type.BIND_COMPLETE,
  type.COMMAND_COMPLETE,
  type.COPY_IN,
  type.COPY_OUT,
  type.COPY_DONE,
  type.EMPTY_QUERY,
  type.NO_DATA,
  type.PARAMETERS,
  type.PARAMETER_STATUS,
  type.PARSE_COMPLETE,
  type.READY,
  type.ROW_DESCRIPTION,
])

/** The longest content of a message of an open session, in bytes. Throws a ProtocolError for one of another type. */
export function limitOf(kind: number): number {
  const limit = LIMITS.get(kind) ?? (ANSWERS.has(kind) ? LONGEST : undefined)
  if (limit === undefined) throw malformed(kind)
  return limit
}

/** Says that a query returns a row over its limit: program_limit_exceeded. */
export function tooLong(size: number): ReadonlyMap<string, string> {
  return ownError(
    '54000',
    `its query returns a row of ${size} bytes, over ${LONGEST_ROW}`,
    'select less, or cut it in SQL with left()',
  )
}

/** Says that a server does not speak as PostgreSQL does. */
export function malformed(kind: number): ProtocolError {
  return new ProtocolError(
    `the server sends what PostgreSQL never does (message ${JSON.stringify(String.fromCharCode(kind))}): it is something else, or somebody is in between`,
  )
}
