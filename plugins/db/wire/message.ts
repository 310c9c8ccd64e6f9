import type { Column } from '../../../src/query/client.ts'

/** Bytes of the type and the length before the content of a message. */
export const HEADER = 5

// Types of messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
const code = (letter: string): number => letter.charCodeAt(0)

export const AUTHENTICATION = code('R')
export const BACKEND_KEY = code('K')
export const COMMAND_COMPLETE = code('C')
export const COPY_DATA = code('d')
export const COPY_DONE = code('c')
export const COPY_IN = code('G')
export const COPY_OUT = code('H')
export const DATA_ROW = code('D')
export const EMPTY_QUERY = code('I')
export const ERROR = code('E')
export const NEGOTIATION = code('v')
export const NO_DATA = code('n')
export const NOTICE = code('N')
export const NOTIFICATION = code('A')
export const PARAMETERS = code('t')
export const PARAMETER_STATUS = code('S')
export const PARSE_COMPLETE = code('1')
export const BIND_COMPLETE = code('2')
export const READY = code('Z')
export const ROW_DESCRIPTION = code('T')

// Types of messages of the client that end a request.
export const QUERY = code('Q')
export const SYNC = code('S')

/** A message of a type with this content. */
export function message(type: number | string, ...content: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt8(typeof type === 'string' ? code(type) : type, 0)
  header.writeUInt32BE(
    content.reduce((size, part) => size + part.length, 4),
    1,
  )
  return Buffer.concat([header, ...content])
}

/** A text that ends in a zero byte. */
export function zeroEnded(text: string): Buffer {
  return Buffer.from(`${text}\0`)
}

/** The message that begins a session: parameters by name, such as its user. */
export function startupMessage(parameters: Readonly<Record<string, string>>): Buffer {
  const texts = Object.entries(parameters).flat()
  const content = Buffer.concat([...texts.map(zeroEnded), Buffer.from([0])])
  const header = Buffer.alloc(8)
  header.writeUInt32BE(content.length + 8, 0)
  // Version 3.0 of the protocol.
  header.writeUInt32BE(3 << 16, 4)
  return Buffer.concat([header, content])
}

/**
 * Returns whether the content of a message is what its type promises, so that nobody reads beyond it. `columns` is how many
 * values a row has.
 */
export function isWhole(type: number, bytes: Buffer, start: number, end: number, columns: number): boolean {
  const from = start + HEADER
  switch (type) {
    case DATA_ROW:
      return isRow(bytes, from, end, columns)
    case ROW_DESCRIPTION:
      return isDescription(bytes, from, end)
    case PARAMETERS:
      return end - from >= 2 && end - from === 2 + 4 * bytes.readUInt16BE(from)
    case COMMAND_COMPLETE:
      return end - from >= 2 && bytes.indexOf(0, from) === end - 1
    case READY:
      return end - from === 1
    default:
      return end === from
  }
}

function isRow(bytes: Buffer, from: number, end: number, columns: number): boolean {
  if (end - from < 2 || bytes.readUInt16BE(from) !== columns) return false
  let at = from + 2
  for (let column = 0; column < columns; column++) {
    if (at + 4 > end) return false
    const length = bytes.readInt32BE(at)
    if (length < -1) return false
    at += 4 + Math.max(length, 0)
  }
  return at === end
}

/** Bytes of a column's description behind its name: table, number, type, size, modifier and format. */
const BEHIND_NAME = 18
/** Those of them that are before its type. */
const BEFORE_TYPE = 6

function isDescription(bytes: Buffer, from: number, end: number): boolean {
  if (end - from < 2) return false
  let at = from + 2
  for (let column = bytes.readUInt16BE(from); column > 0; column--) {
    const zero = bytes.indexOf(0, at)
    if (zero === -1 || zero >= end) return false
    at = zero + 1 + BEHIND_NAME
  }
  return at === end
}

/** What a client makes of the texts of a type, by the number of that. */
export type Parsers = Readonly<Record<number, (text: string) => unknown>>

/** Reads a description of columns that is whole. */
export function columnsOf(bytes: Buffer, start: number, parsers: Parsers): Column[] {
  let at = start + HEADER + 2
  return Array.from({ length: bytes.readUInt16BE(start + HEADER) }, () => {
    const zero = bytes.indexOf(0, at)
    const name = bytes.toString('utf8', at, zero)
    const type = bytes.readUInt32BE(zero + 1 + BEFORE_TYPE)
    at = zero + 1 + BEHIND_NAME
    return { name, type, parse: parsers[type] }
  })
}

/** The one parameter of a session that the service looks at. */
const ENCODING = zeroEnded('client_encoding')

/** Whether a message tells the encoding of texts. */
export function isEncoding(bytes: Buffer, start = 0, end = bytes.length): boolean {
  const content = bytes.subarray(start + HEADER, end)
  return content.indexOf(ENCODING) === 0 && content.indexOf(0, ENCODING.length) === content.length - 1
}
