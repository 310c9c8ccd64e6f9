import type { CollectorMetric } from '../contract/collector.ts'
import { type LabelSet, type LabelSets, seriesOf, type Value } from './label-set.ts'

/** Room for this many label sets to begin with. */
const FIRST = 64

/**
 * The texts of one label, each once. Kept from one table to the next: most texts come again, and a hundred thousand new
 * ones a minute are a burden that their reuse is not.
 */
export class Dictionary {
  readonly #texts: string[] = []
  readonly #ids = new Map<string, number>()
  /** The id that is likely next: rows mostly come in the order in which they came before. */
  #next = 0

  get size(): number {
    return this.#texts.length
  }

  intern(text: string): number {
    if (this.#texts[this.#next] === text) return this.#next++
    let id = this.#ids.get(text)
    if (id === undefined) {
      id = this.#texts.push(text) - 1
      this.#ids.set(text, id)
    }
    this.#next = id + 1
    return id
  }

  text(id: number): string {
    return this.#texts[id] ?? ''
  }
}

/**
 * Label sets, no two with the same labels, in columns of numbers: a hundred thousand of them as objects would take ten
 * times the memory, and the collection of that garbage more time than the query.
 */
export class Table implements LabelSets {
  readonly #widths: readonly number[]
  readonly #width: number
  readonly #dictionaries: readonly Dictionary[]
  /** Of each label, how many texts this table has, and 1 for each that it has. */
  readonly #cardinalities: number[]
  readonly #seen: Uint8Array[]
  /** The texts of each label set, by their ids. */
  #labels: Uint32Array
  /** The values of each label set, a histogram's one after the other; NaN where there is none. */
  #values: Float64Array
  /** A hash table, open and at most half full: the number of a label set, from 1. */
  #slots: Uint32Array
  #length = 0
  /** Series that the label sets make on the page. */
  series = 0

  /** A dictionary for each label. */
  constructor(dictionaries: readonly Dictionary[], metrics: readonly CollectorMetric[]) {
    this.#widths = metrics.map(({ type, buckets }) => (type === 'histogram' ? buckets.length + 2 : 1))
    this.#width = this.#widths.reduce((sum, width) => sum + width, 0)
    this.#dictionaries = dictionaries
    this.#cardinalities = dictionaries.map(() => 0)
    this.#seen = dictionaries.map(({ size }) => new Uint8Array(size + FIRST))
    this.#labels = new Uint32Array(FIRST * dictionaries.length)
    this.#values = new Float64Array(FIRST * this.#width)
    this.#slots = new Uint32Array(FIRST * 2)
  }

  get length(): number {
    return this.#length
  }

  /** How many texts a label has. */
  cardinality(label: number): number {
    return this.#cardinalities[label] ?? 0
  }

  /** Adds a label set; false when there is one with these labels. */
  add(labels: readonly string[], values: readonly (Value | undefined)[]): boolean {
    if (this.#length * 2 === this.#slots.length) this.#grow()
    const at = this.#length * labels.length
    for (let i = 0; i < labels.length; i++) this.#labels[at + i] = this.#intern(i, labels[i] ?? '')
    const slot = this.#slotOf(this.#length)
    if (this.#slots[slot] !== 0) return false
    let to = this.#length * this.#width
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (typeof value === 'object') for (const part of value) this.#values[to++] = part
      else this.#values[to++] = value ?? Number.NaN
    }
    this.series += seriesOf({ labels, values })
    this.#length++
    this.#slots[slot] = this.#length
    return true
  }

  *[Symbol.iterator](): Generator<LabelSet, undefined> {
    const names = this.#dictionaries.length
    for (let row = 0; row < this.#length; row++) {
      const labels: string[] = []
      for (let i = 0; i < names; i++) {
        labels.push(this.#dictionaries[i]?.text(this.#labels[row * names + i] ?? 0) ?? '')
      }
      const values: (Value | undefined)[] = []
      let from = row * this.#width
      for (const width of this.#widths) {
        const value = this.#values[from] ?? Number.NaN
        if (width > 1) values.push(Array.from(this.#values.subarray(from, from + width)))
        else values.push(Number.isNaN(value) ? undefined : value)
        from += width
      }
      yield { labels, values }
    }
  }

  #intern(label: number, text: string): number {
    const id = this.#dictionaries[label]?.intern(text) ?? 0
    let seen = this.#seen[label]
    if (seen === undefined || id >= seen.length) {
      const grown = new Uint8Array(id * 2)
      if (seen !== undefined) grown.set(seen)
      this.#seen[label] = grown
      seen = grown
    }
    if (seen[id] === 0) {
      seen[id] = 1
      this.#cardinalities[label] = this.cardinality(label) + 1
    }
    return id
  }

  /** Where the row stands in the hash table, or another with the same labels, or where it may be put. */
  #slotOf(row: number): number {
    const width = this.#dictionaries.length
    const mask = this.#slots.length - 1
    let hash = 0
    for (let i = 0; i < width; i++) hash = Math.imul(hash ^ (this.#labels[row * width + i] ?? 0), 0x9e3779b1)
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const other = this.#slots[slot] ?? 0
      if (other === 0 || this.#same(row, other - 1)) return slot
      slot = (slot + 1) & mask
    }
  }

  #same(a: number, b: number): boolean {
    const width = this.#dictionaries.length
    for (let i = 0; i < width; i++) {
      if (this.#labels[a * width + i] !== this.#labels[b * width + i]) return false
    }
    return true
  }

  #grow(): void {
    const [labels, values] = [this.#labels, this.#values]
    this.#labels = new Uint32Array(labels.length * 2)
    this.#labels.set(labels)
    this.#values = new Float64Array(values.length * 2)
    this.#values.set(values)
    this.#slots = new Uint32Array(this.#slots.length * 2)
    for (let row = 0; row < this.#length; row++) this.#slots[this.#slotOf(row)] = row + 1
  }
}
