import { HEADER, QUERY, READY, SYNC } from './message.ts'

/** What the client has asked and the server has not answered yet, so that nothing is an answer that nobody has asked for. */
export class Requests {
  /** How often the server has yet to say that it is ready: once for each request that is whole. */
  #owed = 0
  /** Whether the client has begun a request that is not whole. */
  #begun = false

  /** Whether there is something that the server has yet to answer. */
  get running(): boolean {
    return this.#begun || this.#owed > 0
  }

  /** Takes what the client writes: whole messages. */
  add(chunk: Buffer): void {
    for (let at = 0; at + HEADER <= chunk.length; at += 1 + chunk.readUInt32BE(at + 1)) {
      const type = chunk.readUInt8(at)
      this.#begun = type !== QUERY && type !== SYNC
      if (!this.#begun) this.#owed++
    }
  }

  /** Takes a message of an answer: false when it answers nothing. */
  answer(type: number): boolean {
    if (this.#owed === 0) return this.#begun && type !== READY
    if (type === READY) this.#owed--
    return true
  }
}
