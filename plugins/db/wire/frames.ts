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
    let at = this.#skipIn(chunk, 0)
    // Of a message in several chunks only its own bytes are joined.
    while (this.#length > 0 && at < chunk.length) {
      const piece = chunk.subarray(at, at + this.#wanted - this.#length)
      this.#keep(piece)
      at += piece.length
      if (this.#length < this.#wanted) return
      const bytes = Buffer.concat(this.#pending)
      this.#pending = []
      this.#length = 0
      this.#keep(bytes.subarray(this.#cut(bytes, receive)))
      at = this.#skipIn(chunk, at)
    }
    const rest = chunk.subarray(at)
    this.#keep(rest.subarray(this.#cut(rest, receive)))
  }

  /** Returns where what is not skipped begins. */
  #skipIn(chunk: Buffer, at: number): number {
    const skipped = Math.min(this.#skip, chunk.length - at)
    this.#skip -= skipped
    return at + skipped
  }

  /** Keeps a copy, so that a chunk is needed no longer than it is read. */
  #keep(bytes: Buffer): void {
    if (bytes.length > 0) this.#pending.push(Buffer.from(bytes))
    this.#length += bytes.length
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
