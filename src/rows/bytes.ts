import { isUtf8 } from 'node:buffer'
import type { Column } from '../query/client.ts'

/** Bytes that are no text in UTF-8, which a database with the encoding SQL_ASCII may hold in place of a text. */
export class Bytes {
  /** It has U+FFFD in the place of the bytes that cannot be decoded: as a text it could be taken for another one. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Returns the fields of a row, which begin at `at`, as the client gives them, and as Bytes where they are no text. */
export function fieldsOf(columns: readonly Column[], bytes: Buffer, at: number): unknown[] {
  let from = at
  return columns.map(({ parse }) => {
    const length = bytes.readInt32BE(from)
    from += 4
    if (length < 0) return null
    const field = bytes.subarray(from, from + length)
    from += length
    const text = field.toString()
    if (!isUtf8(field)) return new Bytes(text)
    return parse === undefined ? text : parse(text)
  })
}
