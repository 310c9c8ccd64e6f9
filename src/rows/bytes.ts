/** Bytes that are no text in UTF-8, which a database with the encoding SQL_ASCII may hold in place of a text. */
export class Bytes {
  /** It has U+FFFD in the place of the bytes that cannot be decoded. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * Returns a field whose bytes nobody has checked: as Bytes if it has U+FFFD in it. Different bytes become U+FFFD, so that
 * as a text one such field could be taken for another.
 */
export function decodedOf(field: unknown): unknown {
  return typeof field === 'string' && field.includes('\uFFFD') ? new Bytes(field) : field
}
