import { ERROR, HEADER } from './message.ts'

/** The longest message of PostgreSQL, in bytes: its buffers end at a gigabyte. */
const LONGEST = 2 ** 30

/** The server does not speak as PostgreSQL does: it is something else, or somebody is in between. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
}

/**
 * Receives a message: its type, and the bytes that it is in, from its type at `start` to its end. Where `size`, the length
 * of its content, is more than what is there, the message is over its limit.
 */
type Receiver = (type: number, bytes: Buffer, start: number, end: number, size: number) => void

/**
 * Cuts the bytes of a server into messages. One over its limit is skipped as it comes, except for the beginning of an error,
 * up to that limit.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class Frames {
  /** Returns the longest content of a message of a type, in bytes. May throw a ProtocolError for one that is not known. */
  limitOf: (type: number) => number
  #pending: Buffer[] = []
  #length = 0
  /** Bytes that must be there before a message can be passed on. */
  #wanted = HEADER
  #skip = 0

  constructor(limitOf: (type: number) => number) {
    this.limitOf = limitOf
  }

  /** Throws a ProtocolError when what comes is no message. */
  read(chunk: Buffer, receive: Receiver): void {
    const skipped = Math.min(this.#skip, chunk.length)
    this.#skip -= skipped
    this.#pending.push(skipped === 0 ? chunk : chunk.subarray(skipped))
    this.#length += chunk.length - skipped
    if (this.#length < this.#wanted) return
    const bytes = this.#pending.length === 1 ? this.#pending[0] : Buffer.concat(this.#pending)
    const at = bytes === undefined ? 0 : this.#cut(bytes, receive)
    this.#pending = bytes === undefined || at >= bytes.length ? [] : [bytes.subarray(at)]
    this.#length = this.#pending[0]?.length ?? 0
  }

  /** Passes on each message that is there. Returns where the next one begins. */
  #cut(bytes: Buffer, receive: Receiver): number {
    let start = 0
    while (bytes.length - start >= HEADER) {
      const type = bytes.readUInt8(start)
      const size = bytes.readUInt32BE(start + 1) - 4
      if (size < 0 || size > LONGEST) {
        throw new ProtocolError(
          `the server sends a message of ${size + 4} bytes, which PostgreSQL never does`,
        )
      }
      const limit = this.limitOf(type)
      const kept = size <= limit ? size : type === ERROR ? limit : 0
      const end = start + HEADER + kept
      if (bytes.length < end) {
        this.#wanted = HEADER + kept
        return start
      }
      receive(type, bytes, start, end, size)
      const rest = size - kept
      start = Math.min(end + rest, bytes.length)
      this.#skip = end + rest - start
    }
    this.#wanted = HEADER
    return start
  }
}
