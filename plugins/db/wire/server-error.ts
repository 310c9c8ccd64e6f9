import postgres from 'postgres'
import { cut } from '../../../src/finding.ts'
import { ERROR, HEADER, message, zeroEnded } from './message.ts'

/** The fields of an error by their letters: https://www.postgresql.org/docs/current/protocol-error-fields.html */
type Fields = ReadonlyMap<string, string>

/** The names that the client gives to them. */
const NAMES = {
  S: 'severity_local',
  V: 'severity',
  C: 'code',
  M: 'message',
  D: 'detail',
  H: 'hint',
  P: 'position',
  W: 'where',
  R: 'routine',
}

/**
 * Reads the fields of an error, each cut: the value that the server could not read is in them, whole. The last one may be
 * cut already, for of a very long message only the beginning is there.
 */
export function fieldsOf(bytes: Buffer, start: number, end: number): Fields {
  const fields = new Map<string, string>()
  let at = start + HEADER
  while (at < end) {
    const zero = bytes.indexOf(0, at)
    const last = zero === -1 || zero > end ? end : zero
    if (last > at) fields.set(bytes.toString('latin1', at, at + 1), cut(bytes.toString('utf8', at + 1, last)))
    at = last + 1
  }
  return fields
}

/** The fields of an error of our own, as a server would send it. */
export function ownError(code: string, problem: string, advice: string): Fields {
  return new Map([
    ['S', 'ERROR'],
    ['V', 'ERROR'],
    ['C', code],
    ['M', problem],
    ['H', advice],
  ])
}

/** The message of an error with these fields. */
export function errorMessage(fields: Fields): Buffer {
  const texts = Array.from(fields, ([letter, text]) => zeroEnded(letter + text.replaceAll('\0', '')))
  return message(ERROR, ...texts, Buffer.from([0]))
}

/** The client's error with these fields. */
export function serverError(fields: Fields): Error {
  const named = Object.entries(NAMES).map(([letter, name]) => [name, fields.get(letter)])
  const known = Object.fromEntries(named.filter(([, text]) => text !== undefined))
  return Object.assign(new postgres.PostgresError(fields.get('M') ?? 'the server gives no reason'), known)
}
