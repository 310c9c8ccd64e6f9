/** Bytes of a chunk: enough to be worth a compression, few enough to write without a pause. */
export const CHUNK_LENGTH = 262_144
/** Bytes that there is room for at first. */
const FIRST = 4096
/** Bytes of the longest number: https://tc39.es/ecma262/#sec-numeric-types-number-tostring */
const LONGEST_NUMBER = 32
/** Integers below this are written digit by digit. */
const FEW_DIGITS = 1e9
const [NEWLINE, QUOTE, BACKSLASH, ZERO, N] = [10, 34, 92, 48, 110]

/** Writes lines into bytes: a hundred thousand texts that are joined and encoded would take several times as long. */
export class Lines {
  #bytes = Buffer.allocUnsafeSlow(FIRST)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Adds bytes as they are. */
  add(bytes: Buffer): void {
    this.#reserve(bytes.length)
    for (let i = 0; i < bytes.length; i++) this.#bytes[this.#length++] = bytes[i] ?? 0
  }

  /**
   * Adds a text in UTF-8 as the value of a label.
   * https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information
   */
  addLabel(bytes: Buffer, from: number, to: number): void {
    this.#reserve(2 * (to - from))
    const own = this.#bytes
    let at = this.#length
    for (let i = from; i < to; i++) {
      const byte = bytes[i] ?? 0
      const escaped = byte === BACKSLASH || byte === QUOTE || byte === NEWLINE
      if (escaped) own[at++] = BACKSLASH
      own[at++] = byte === NEWLINE ? N : byte
    }
    this.#length = at
  }

  /** Adds a finite number, and ends the line. */
  end(value: number): void {
    this.#reserve(LONGEST_NUMBER + 1)
    if (Number.isInteger(value) && value >= 0 && value < FEW_DIGITS) this.#addDigits(value)
    else this.#length += this.#bytes.write(String(value), this.#length, 'latin1')
    this.#bytes[this.#length++] = NEWLINE
  }

  /** Returns the lines, and begins again. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return taken
  }

  #addDigits(value: number): void {
    let digits = 1
    for (let most = 10; value >= most; most *= 10) digits++
    this.#length += digits
    let rest = value
    for (let at = this.#length - 1; digits > 0; at--, digits--) {
      const tens = Math.floor(rest / 10)
      this.#bytes[at] = ZERO + rest - tens * 10
      rest = tens
    }
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return
    const room = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + length))
    this.#bytes.copy(room, 0, 0, this.#length)
    this.#bytes = room
  }
}
