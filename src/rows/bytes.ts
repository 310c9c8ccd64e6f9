/** Bytes that are no text in UTF-8, which a database with the encoding SQL_ASCII may hold in place of a text. */
export class Bytes {
  readonly #text: string

  /** `text` has U+FFFD in the place of the bytes that cannot be decoded. */
  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return `${JSON.stringify(this.#text)} (not UTF-8)`
  }
}

/**
 * Returns a field whose bytes nobody has checked: as Bytes if it has U+FFFD in it. Different bytes become U+FFFD, so that
 * as a text one such field could be taken for another.
 */
export function decodedOf(field: unknown): unknown {
  return typeof field === 'string' && field.includes('\uFFFD') ? new Bytes(field) : field
}
