import type { Dictionary } from './dictionary.ts'

/** Ids that there is room for beyond those of the dictionary. */
const ROOM = 64

/** The values of one label, by the ids of a dictionary that may have texts of other tables too. */
export class LabelColumn {
  readonly dictionary: Dictionary
  /** 1 for each id that was added. */
  #seen: Uint8Array
  cardinality = 0

  constructor(dictionary: Dictionary) {
    this.dictionary = dictionary
    this.#seen = new Uint8Array(dictionary.size + ROOM)
  }

  add(id: number): void {
    if (id >= this.#seen.length) {
      const seen = this.#seen
      this.#seen = new Uint8Array(id * 2)
      this.#seen.set(seen)
    }
    if (this.#seen[id] === 0) {
      this.#seen[id] = 1
      this.cardinality++
    }
  }
}
