import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { numberAt } from './numbers.ts'

/** How many texts a new dictionary has room for, and bytes of them. */
const FIRST = 64
const FIRST_BYTES = 1024
/** Nobody can choose texts that all want the same slot: that would make each search as long as the table. */
const SEED = randomBytes(4).readInt32LE()

/**
 * The texts of one label, each once, as the bytes of UTF-8. It is kept from one run to the next: most texts come again, and a
 * hundred thousand new ones a minute would be a burden for the garbage collector.
 */
export class Dictionary {
  /** The texts one after the other. */
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  /** Where the text of each id begins; one more says where the last one ends. */
  #starts = new Uint32Array(FIRST + 1)
  /** A hash table with open addressing, at most half full: the ids of the texts, from 1, or 0 for a free slot. */
  #slots = new Uint32Array(FIRST * 2)
  #size = 0
  /** The id that is likely next: rows mostly come in the order in which they came before. */
  #next = 0

  get size(): number {
    return this.#size
  }

  /** The bytes of all texts. A text that is added may put others in their place. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Where the text of an id begins in `bytes`. It ends where that of the next id begins. */
  start(id: number): number {
    return numberAt(this.#starts, id)
  }

  text(id: number): string {
    if (id >= this.#size) throw new RangeError(`there is no text ${id} among ${this.#size}`)
    return this.#bytes.toString('utf8', this.start(id), this.start(id + 1))
  }

  /** The id of a text, which never changes. */
  intern(text: string): number {
    const bytes = Buffer.from(text)
    return this.find(bytes, 0, bytes.length) ?? this.#add(bytes, 0, bytes.length)
  }

  /** The id of the text that is these bytes; undefined when they are no UTF-8. */
  internBytes(bytes: Buffer, from: number, to: number): number | undefined {
    const known = this.find(bytes, from, to)
    if (known !== undefined) return known
    return isUtf8(bytes.subarray(from, to)) ? this.#add(bytes, from, to) : undefined
  }

  /** The id of the text that is these bytes; undefined when there is none. */
  find(bytes: Buffer, from: number, to: number): number | undefined {
    if (this.#isText(this.#next, bytes, from, to)) return this.#next++
    const known = numberAt(this.#slots, this.#slotOf(bytes, from, to))
    if (known === 0) return undefined
    this.#next = known
    return known - 1
  }

  #isText(id: number, bytes: Buffer, from: number, to: number): boolean {
    if (id >= this.#size) return false
    const own = this.#bytes
    let at = this.start(id)
    if (this.start(id + 1) - at !== to - from) return false
    for (let i = from; i < to; i++) if (own[at++] !== bytes[i]) return false
    return true
  }

  /** The slot of a text, or a free one for it. */
  #slotOf(bytes: Buffer, from: number, to: number): number {
    const mask = this.#slots.length - 1
    let slot = hashOf(bytes, from, to) & mask
    for (;;) {
      const known = numberAt(this.#slots, slot)
      if (known === 0 || this.#isText(known - 1, bytes, from, to)) return slot
      slot = (slot + 1) & mask
    }
  }

  #add(bytes: Buffer, from: number, to: number): number {
    if (this.#size * 2 === this.#slots.length) this.#grow()
    const start = this.start(this.#size)
    const end = start + to - from
    if (end > this.#bytes.length) {
      const room = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, end))
      this.#bytes.copy(room)
      this.#bytes = room
    }
    bytes.copy(this.#bytes, start, from, to)
    this.#next = ++this.#size
    this.#slots[this.#slotOf(bytes, from, to)] = this.#size
    this.#starts[this.#size] = end
    return this.#size - 1
  }

  #grow(): void {
    const starts = this.#starts
    this.#starts = new Uint32Array(this.#size * 2 + 1)
    this.#starts.set(starts)
    this.#slots = new Uint32Array(this.#slots.length * 2)
    for (let id = 0; id < this.#size; id++)
      this.#slots[this.#slotOf(this.#bytes, this.start(id), this.start(id + 1))] = id + 1
  }
}

/** FNV-1a from a seed, with its bits mixed for a table whose size is a power of 2. http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = SEED
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193)
  return hash ^ (hash >>> 15)
}

/** An empty dictionary for each label. */
export function dictionariesOf(labels: readonly unknown[]): Dictionary[] {
  return labels.map(() => new Dictionary())
}
